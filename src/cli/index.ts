export { EXIT, type ExitCode } from './exit-codes.ts'
export type { CliIo } from './io.ts'
export { groupDigits, renderTable } from './output.ts'
export { type CaptureOptions, captureCli, runCli } from './program.ts'
export type {
  CheckReport,
  GrantReport,
  GrantVerb,
  ImportReport,
  ProcessVerbs,
  RestoreReport,
  RestoreVerb,
  RunOptions,
  UnfenceReport,
  UnfenceVerb,
} from './process-verbs.ts'
