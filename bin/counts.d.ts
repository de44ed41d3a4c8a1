export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const nothing: Counts
export function addCounts(left: Counts, right: Counts): Counts
export function countExitCode(code: number | undefined): Counts
export function countVitest(reportPath: string, code: number | undefined): Counts
export interface FailedFile {
  readonly file: string
  readonly counts: Counts
}

export function listFailedFiles(reportPath: string, folder: string): FailedFile[]
export function takeSecond(first: Counts, failedFiles: readonly FailedFile[], second: Counts): Counts
export function hasFigures(stdout: string): boolean
export function listFailed(reportPath: string, folder: string): string[]
export function listSkipped(reportPath: string, folder: string): string[]
export function countTrial(stdout: string, code: number | undefined): Counts
export function describeCounts(counts: Counts): string
export function demandAll(counts: Counts): Counts
export function readCounts(path: string): Counts | undefined
