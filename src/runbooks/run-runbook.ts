import { isFault } from '../core/index.ts'
import { runbookFaults } from './faults.ts'
import { type BlockContext, type BlockRecord, checkRunnable, runBlock } from './run-block.ts'
import type { Block, Runbook } from './runbook.ts'

export interface RunOptions {
  /** Ids, in the order in which they are to run. @defaultValue every block but the optional ones and those that roll back */
  readonly only?: readonly string[]
  /** Whether a block that changes something may run now; undefined ends the run. @defaultValue all may */
  readonly confirm?: (block: Block) => Promise<boolean | undefined>
  /** Told of each block as it has ended. */
  readonly onRecord?: (record: BlockRecord) => void
  /** Whether it goes on behind a block that is red. @defaultValue false */
  readonly isThorough?: boolean
}

/** The checks alone: they change nothing, so each of them runs, whatever the others say. */
export function listChecks(runbook: Runbook): Block[] {
  return runbook.blocks.filter(
    ({ kind, section, isOptional }) => kind === 'check' && section === 'Check' && !isOptional,
  )
}

/** What a run walks through. @throws `RUNBOOK_BLOCK_UNKNOWN` */
export function chooseBlocks({ id, blocks }: Runbook, only?: readonly string[]): Block[] {
  if (only === undefined) return blocks.filter(({ section, isOptional }) => section !== 'Roll back' && !isOptional)
  return only.map((name) => {
    const found = blocks.find((block) => block.id === name)
    const known = blocks.map((block) => block.id).join(', ')
    if (found === undefined) throw runbookFaults.fault('RUNBOOK_BLOCK_UNKNOWN', { id, block: name, known })
    return found
  })
}

/**
 * Block by block, in the order of the file. The first that is red ends it, as does an action that nobody wants: what
 * comes behind relies on it.
 */
export async function runBlocks(
  runbook: Runbook,
  blocks: readonly Block[],
  context: BlockContext,
  { confirm, onRecord, isThorough = false }: Omit<RunOptions, 'only'> = {},
): Promise<readonly BlockRecord[]> {
  const records: BlockRecord[] = []
  const keep = (record: BlockRecord) => {
    records.push(record)
    onRecord?.(record)
  }
  for (const block of blocks) {
    if (context.signal.aborted) return records
    const problem = findProblem(runbook, block, context)
    if (problem !== undefined) {
      keep({ block: block.id, kind: block.kind, state: 'red', reason: problem, commands: [], findings: [] })
    } else {
      const isWanted = block.kind === 'act' ? await (confirm?.(block) ?? Promise.resolve(true)) : true
      if (isWanted === undefined) return records
      if (isWanted) keep(await runBlock(block, context))
      else
        keep({ block: block.id, kind: block.kind, state: 'skipped', reason: 'not wanted', commands: [], findings: [] })
    }
    if (records.at(-1)?.state === 'red' && !isThorough) return records
  }
  return records
}

function findProblem(runbook: Runbook, block: Block, context: BlockContext): string | undefined {
  try {
    checkRunnable(runbook, block, context)
    return undefined
  } catch (error) {
    if (!isFault(error)) throw error
    return `${error.message}: ${error.remedy}`
  }
}
