/** What a check or a test run prints, and the counts it leaves for the command that started it. */
import { writeFileSync } from 'node:fs'
import { addCounts, describeCounts, nothing } from './counts.js'

const OUTPUT_LINES_MAX = 300

/** One line a part; where something failed, what it was, then the output. */
export function printPart({ name, counts, seconds, output, failedIn, skippedIn, unsteady }) {
  const failed = counts.failed > 0
  const word = failed ? 'FAIL' : counts.passed > 0 ? 'ok' : 'skip'
  const line = `${word.padEnd(4)} ${name.padEnd(24)} ${seconds.toFixed(1).padStart(7)} s  ${describeCounts(counts)}`
  const notes = [
    ...(skippedIn ?? []).map((note) => `     skipped in ${note}\n`),
    ...(unsteady ?? []).map((note) => indent(`failed at the first attempt: ${note}`)),
  ].join('')
  process.stdout.write(`${line}\n${notes}${failed ? indent([...(failedIn ?? []), lastLines(output)].join('\n')) : ''}`)
}

/** All parts once more, slowest first: what to make faster is at the top. */
export function printTable(results) {
  process.stdout.write('\nseconds  part\n')
  for (const { name, seconds, counts } of results.toSorted((left, right) => right.seconds - left.seconds)) {
    process.stdout.write(`${seconds.toFixed(1).padStart(7)}  ${name.padEnd(24)} ${describeCounts(counts)}\n`)
  }
  process.stdout.write('\n')
}

/** The last line, the exit code, and the counts in the file that ISTHMUS_REPORT names. */
export function finish(results) {
  const counts = results.map((result) => result.counts).reduce(addCounts, nothing)
  if (process.env.ISTHMUS_REPORT) writeFileSync(process.env.ISTHMUS_REPORT, `${JSON.stringify(counts)}\n`)
  process.stdout.write(`${describeCounts(counts)}\n`)
  if (counts.passed + counts.failed + counts.skipped === 0) process.stderr.write('Nothing was run\n')
  process.exitCode = counts.failed > 0 || counts.passed + counts.skipped === 0 ? 1 : 0
}

function indent(text) {
  return `     ${text.replaceAll('\n', '\n     ')}\n`
}

function lastLines(output) {
  const lines = (output ?? '').trimEnd().split('\n')
  const left = lines.length - OUTPUT_LINES_MAX
  return (left > 0 ? [`… ${left} lines left out`, ...lines.slice(left)] : lines).join('\n')
}
