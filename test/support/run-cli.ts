import { type CliIo, type ProcessVerbs, runCli } from '../../src/cli/index.ts'
import { systemClock } from '../../src/core/index.ts'
import { checkNoSecret } from './secrets.ts'

/** One command line in this process. */
export async function cli(args: readonly string[], given: { io?: Partial<CliIo>; verbs?: Partial<ProcessVerbs> } = {}) {
  const out: string[] = []
  const err: string[] = []
  const io: CliIo = {
    env: {},
    clock: systemClock,
    signal: new AbortController().signal,
    isTerminal: false,
    ask: undefined,
    fetch: (...request) => fetch(...request),
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    ...given.io,
  }
  const verbs: ProcessVerbs = {
    run: () => Promise.resolve(0),
    check: () => Promise.reject(new Error('not in this test')),
    restore: () => Promise.reject(new Error('not in this test')),
    unfence: () => Promise.reject(new Error('not in this test')),
    rights: () => Promise.reject(new Error('not in this test')),
    grant: () => Promise.reject(new Error('not in this test')),
    importMm2: () => Promise.reject(new Error('not in this test')),
    createToken: () => Promise.resolve({ token: 'isthmus_token', hash: 'sha256:hash' }),
    demo: undefined,
    ...given.verbs,
  }
  const code = await runCli(args, { io, verbs, version: '9.9.9' })
  const [shown, told] = [out.join(''), err.join('')]
  if (args[0] !== 'token') checkNoSecret(shown + told, `isthmus ${args.join(' ')}`)
  return { code, out: shown, err: told }
}
