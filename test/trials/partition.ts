import { PARTS, type Part, type PartResult, play, SHORT_PARTS } from '../support/partition/parts.ts'
import { PartitionStage } from '../support/partition/partition-stage.ts'
import type { Trial, TrialContext, TrialResult } from '../support/trial.ts'

/**
 * Networks that drop packets, controllers that sleep, agents that are silent: two regions never accept writes at once, by
 * default nothing moves, and automatic mode moves only on a majority and a fence that is shown from outside.
 */
export const trial: Trial = {
  name: 'partition',
  isAlone: true,
  describe: 'cuts, freezes and silence move nothing unasked, but with a majority and a fence that is shown',
  options: { parts: { describe: 'names of parts, with commas', default: 'all' } },
  fields: ['parts', 'wrong', 'moves', 'automaticMoves', 'pages', 'overlapMs', 'probes'],
  populations: ['parts', 'probes'],
  limitMs: 40 * 60_000,

  async run({ short, options }, context) {
    const { parts = 'all' } = options
    const all = short ? SHORT_PARTS : PARTS
    const wanted = parts.split(',')
    const chosen = all.filter(({ name }) => parts === 'all' || wanted.includes(name))
    const results: PartResult[] = []
    for (const group of stagesOf(chosen)) results.push(...(await playOn(group, context)))
    return conclude(chosen, results)
  },
}

/** A stage is used up by a move, and by other posts. */
function stagesOf(parts: readonly Part[]): Part[][] {
  const stages: Part[][] = []
  let last: Part | undefined
  for (const part of parts) {
    if (last === undefined || last.moves || last.posts !== part.posts) stages.push([])
    stages.at(-1)?.push(part)
    last = part
  }
  return stages
}

async function playOn(parts: readonly Part[], context: TrialContext): Promise<PartResult[]> {
  const { signal, log } = context
  await using stage = await PartitionStage.start(context)
  const results: PartResult[] = []
  let last: Part | undefined
  for (const part of parts) {
    if (JSON.stringify(last?.terms) !== JSON.stringify(part.terms)) await stage.launch(part.posts, part.terms, signal)
    const result = await play(stage, part, signal)
    const { moves, pages, overlapMs, why, wrong } = result
    log(`${part.name}: ${moves} moves, ${pages} pages, overlap ${overlapMs} ms; ${why}`)
    if (wrong.length > 0) log(`${part.name} is wrong: ${wrong.join('; ')}`)
    results.push(result)
    last = part
  }
  return results
}

function conclude(parts: readonly Part[], results: readonly PartResult[]): TrialResult {
  const sum = (of: (result: PartResult) => number) => results.reduce((total, result) => total + of(result), 0)
  const mayMove = new Set(parts.filter(({ moves }) => moves).map(({ name }) => name))
  const wrong = sum((result) => result.wrong.length)
  const moves = sum((result) => (mayMove.has(result.part) ? 0 : result.moves))
  const automaticMoves = sum((result) => (mayMove.has(result.part) ? result.moves : 0))
  const overlapMs = Math.max(0, ...results.map((result) => result.overlapMs))
  const pages = sum((result) => result.pages)
  const probes = sum((result) => result.probes)
  return {
    ok: wrong === 0 && moves === 0 && overlapMs === 0 && automaticMoves === mayMove.size,
    rows: results.map(({ wrong: problems, ...row }) => ({ ...row, wrong: problems.join('; ') })),
    summary: { parts: results.length, wrong, moves, automaticMoves, pages, overlapMs, probes },
  }
}
