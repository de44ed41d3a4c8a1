import { runTrials } from '../support/trial-runner.ts'

// Exits instead of waiting: a handle that a failed bench left open must not keep the process alive.
process.exit(await runTrials({ folder: import.meta.dirname, args: process.argv.slice(2) }))
