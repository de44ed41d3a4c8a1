import type { ApiContent } from './api/index.ts'
import { captureCli, type ProcessVerbs } from './cli/index.ts'
import type { Clock } from './core/index.ts'
import { readShelf, runbookFaults } from './runbooks/index.ts'

interface ServeOptions {
  readonly version: string
  readonly clock: Clock
}

/** Commands of runbooks that the API carries out: those that ask the API, and no others. */
export function serveRunbooks({ version, clock }: ServeOptions): ApiContent['runbooks'] {
  const refuse = () => Promise.reject(runbookFaults.fault('RUNBOOK_PROCESS_REFUSED'))
  const verbs: ProcessVerbs = {
    run: refuse,
    check: refuse,
    restore: refuse,
    unfence: refuse,
    createToken: refuse,
    importMm2: refuse,
    rights: refuse,
    grant: refuse,
    demo: undefined,
  }
  let shelf: ReturnType<typeof readShelf> | undefined
  return {
    shelf: () => (shelf ??= readShelf()),
    command: (args, { fetch: send, signal, by }) => {
      return captureCli(args, { io: { env: { USER: by }, clock, signal, fetch: send }, verbs, version })
    },
  }
}
