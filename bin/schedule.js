/** Runs parts a few at a time and keeps their results in the order of the parts. */

/** `deadlineAt`, wall clock milliseconds: a part that could only start later fails without being started. */
export async function runParts(parts, { atOnce, onResult, deadlineAt = Number.POSITIVE_INFINITY }) {
  const results = []
  const queue = parts.map((part, index) => ({ part, index }))
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const result = { name: next.part.name, ...(await runPart(next.part, deadlineAt)) }
      results[next.index] = result
      onResult(result)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return results
}

async function runPart(part, deadlineAt) {
  const failed = { passed: 0, failed: 1, skipped: 0 }
  if (Date.now() > deadlineAt) {
    return { counts: failed, seconds: 0, output: 'not started: the time for the whole run is over' }
  }
  try {
    return await part.run()
  } catch (error) {
    return { counts: failed, seconds: 0, output: String(error.stack ?? error) }
  }
}
