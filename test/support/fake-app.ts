import { type App, createApp } from '../../src/app.ts'
import { type Config, parseConfig } from '../../src/config/index.ts'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { createLogger } from '../../src/observability/index.ts'
import { fakeReplicator } from './fake-replicator.ts'
import { checkNoSecret } from './secrets.ts'

const TEXT = `
apiVersion: isthmus/v1
regions:
  - { name: eu, bootstrap: ["127.0.0.1:9"] }
  - { name: us, bootstrap: ["127.0.0.1:9"], sasl: { mechanism: plain, username: u, password: "env:CANARY", allowPlaintext: true } }
links: [{ name: eu-to-us, source: eu, target: us, topics: { include: ["*"] } }]
`
/** To everyone on this machine. */
const OPEN = '{ listen: "127.0.0.1:0", anonymous: admin }'
export const CANARY = 'canary-secret-4711'

/** The whole process in memory, but for the replicator and the clusters, which nothing connects to. */
export async function startFakeApp(
  links?: Parameters<typeof fakeReplicator>[0],
  incidents?: Parameters<typeof fakeReplicator>[1],
  /** As YAML. */
  apiOptions = OPEN,
): Promise<AsyncDisposable & { app: App; api: string; log: string[]; fake: ReturnType<typeof fakeReplicator> }> {
  const log: string[] = []
  const fake = fakeReplicator(links, incidents)
  const logger = createLogger({
    level: 'debug',
    nowMs: () => systemClock.nowMs(),
    destination: { write: (line) => void log.push(line) },
  })
  const app = await createApp({
    config: fakeConfig(apiOptions),
    version: '9.9.9',
    logger,
    clock: systemClock,
    random: systemRandom,
    createReplicator: () => fake.port,
  })
  const api = await app.start()
  const stop = async () => {
    await app.stop()
    checkNoSecret(log.join('\n'), 'the log')
  }
  return { app, api, log, fake, [Symbol.asyncDispose]: stop }
}

export function fakeConfig(apiOptions = OPEN): Config {
  const readFile = (path: string): string => {
    throw new Error(`no file ${path}`)
  }
  const { config, problems } = parseConfig(`${TEXT}api: ${apiOptions}\n`, '/', { readFile, env: { CANARY } })
  if (config === undefined) throw new Error(JSON.stringify(problems))
  return config
}
