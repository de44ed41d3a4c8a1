/** What a command of Isthmus ends with; scripts and runbooks rely on it. */
export const EXIT = {
  ok: 0,
  usage: 2,
  refused: 3,
  timedOut: 4,
  needsOperator: 5,
  driftFound: 6,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export const EXIT_CODES_HELP = `
Exit codes:
  0  done, and all is well
  2  wrong usage or configuration
  3  refused by a guard
  4  timed out, or not reachable in time
  5  needs an operator
  6  drift found`
