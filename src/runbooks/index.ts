/** Runbooks: Markdown whose blocks run. Parses, judges and runs them; knows nothing of what the commands do. */
export { runbookFaults } from './faults.ts'
export type { CommandOutcome, Finding } from './judge.ts'
export { parseRunbook } from './parse-runbook.ts'
export type { BlockContext, BlockRecord, CommandRecord, CommandRunner } from './run-block.ts'
export { chooseBlocks, listChecks, runBlocks } from './run-runbook.ts'
export type { Block, Param, Runbook } from './runbook.ts'
export { settleParams, type Values } from './settle-params.ts'
export { findRunbook, readShelf, RUNBOOKS_FOLDER } from './shelf.ts'
