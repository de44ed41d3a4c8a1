#!/usr/bin/env node
/**
 * `npm test`: everything that this machine can run. What it cannot run is named, with the reason and the remedy.
 *
 *   npm test -- --only integration,trials   some parts by name: check, a kind of test, trials, or `trial NAME`
 *   npm test -- offset-map                  every test file whose path contains the word
 *
 * ISTHMUS_REQUIRE=all     a group that cannot run, and each skipped test, is a failure
 * ISTHMUS_REPORT=FILE     writes the counts as JSON
 * ISTHMUS_CHECKED=FILE    counts of an `npm run check` of the same sources: its parts are not run again
 */
import { parseArgs } from 'node:util'
import { endGroupsOnSignal } from './bounded-process.js'
import { demandAll, nothing, readCounts } from './counts.js'
import { checkParts, filteredParts, longParts, trialParts } from './parts.js'
import { finish, printPart, printTable } from './report.js'
import { findMissingRequirements } from './requirements.js'
import { prepareWithConsole } from './run.js'
import { runParts } from './schedule.js'

const RUN_LIMIT_MS = 84 * 60_000

const deadlineAt = Date.now() + RUN_LIMIT_MS
const { only, filters } = readArguments()
const node = await prepareWithConsole()
endGroupsOnSignal()
const missing = await findMissingRequirements()
const check = selectCheck()
const rest = await selectRest()

const checked = await runParts(check.map(adapt), { atOnce: 2, onResult: printPart, deadlineAt })
// They wait half of the time, so two go side by side; whoever compares speeds has the machine for itself.
const shared = rest.filter(({ isAlone }) => !isAlone)
const alone = rest.filter(({ isAlone }) => isAlone)
const others = [
  ...(await runParts(shared.map(adapt), { atOnce: 2, onResult: printPart, deadlineAt })),
  ...(await runParts(alone.map(adapt), { atOnce: 1, onResult: printPart, deadlineAt })),
]
printTable([...checked, ...others])
for (const { line } of missing) process.stdout.write(`${line}\n`)
finish([...checked, ...others])

/** With filters the check's tests are among the filtered ones. */
function selectCheck() {
  if (filters.length > 0) return []
  const counts = process.env.ISTHMUS_CHECKED ? readCounts(process.env.ISTHMUS_CHECKED) : undefined
  if (counts === undefined || only.length > 0) return checkParts(node).filter(isAskedFor('check'))
  return [
    { name: 'check (already run)', run: async () => ({ counts, seconds: 0, output: 'reported by npm run check' }) },
  ]
}

async function selectRest() {
  if (filters.length > 0) return filteredParts(node, filters).filter(isAskedFor())
  return [...longParts(node).filter(isAskedFor()), ...(await trialParts(node)).filter(isAskedFor('trials'))]
}

function isAskedFor(group) {
  return ({ name }) => only.length === 0 || only.includes(name) || only.includes(group)
}

/** Leaves out what the machine cannot run, counted by its files; turns everything left out into failures on demand. */
function adapt(part) {
  const lack = missing.find(({ name }) => [part.needs].flat().includes(name))
  const leftOut = { counts: { ...nothing, skipped: part.size }, seconds: 0, output: lack?.line }
  const run = lack === undefined ? part.run : async () => leftOut
  if (process.env.ISTHMUS_REQUIRE !== 'all') return { name: part.name, run }
  return {
    name: part.name,
    async run() {
      const result = await run()
      return { ...result, counts: demandAll(result.counts) }
    },
  }
}

function readArguments() {
  try {
    const options = { only: { type: 'string', multiple: true, default: [] } }
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    return { only: values.only.flatMap((names) => names.split(',')), filters: positionals }
  } catch (error) {
    process.stderr.write(`${error.message}\nusage: npm test -- [--only PART,...] [PATH ...]\n`)
    return process.exit(2)
  }
}
