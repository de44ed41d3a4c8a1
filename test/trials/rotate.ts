import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CredentialsBody } from '../../src/api/contract/index.ts'
import { isFault, systemClock, systemRandom } from '../../src/core/index.ts'
import { openCluster } from '../../src/kafka/index.ts'
import { createAuthority, type LocalRegion, startRegion } from '../../src/local/index.ts'
import { changePassword } from '../support/change-password.ts'
import { eventually, IsthmusProcess } from '../support/isthmus-process.ts'
import { checkNoSecret } from '../support/secrets.ts'
import { NumberedLoad } from '../support/numbered-load.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * Passwords and certificates of Isthmus are exchanged in both regions while it copies, in either order: at the brokers
 * first, and in the file first. Sessions are short, so that every connection has to log in with what is new, and at the
 * end nobody is let in with what was there at the start.
 */
const NAMES = ['eu', 'us'] as const
const TOPIC = 'orders.steady'
const USER = 'isthmus'
const FIRST_PASSWORD = 'isthmus-secret'
const SESSION_MS = 4_000
const LIMIT_MS = 30_000
const BROKER_CONFIG = {
  'connections.max.reauth.ms': String(SESSION_MS),
  // The certificate of a client counts where there is one.
  'listener.name.client.ssl.client.auth': 'requested',
}

const context = { clock: systemClock, random: systemRandom }

export const trial: Trial = {
  name: 'rotate',
  describe: 'passwords and certificates exchanged under load cost no record, no restart and no repetition',
  options: { rounds: { describe: 'times that each credential is exchanged in each region', default: '10' } },
  fields: [
    'compared',
    'lost',
    'repeated',
    'reordered',
    'restarts',
    'stopped',
    'rotations',
    'troubles',
    'oldRefused',
    'basePauseMs',
    'pauseMs',
  ],
  populations: ['compared', 'rotations', 'oldRefused'],

  async run({ short, options }, { signal, log }) {
    const rounds = short ? 2 : Number(options.rounds)
    using folder = new TrialFolder()
    const regions = await Promise.all(
      NAMES.map((name) =>
        startRegion({ name, signal, secured: true, superUsers: [USER], brokerConfig: BROKER_CONFIG, brokers: 1 }),
      ),
    )
    await using stack = new AsyncDisposableStack()
    for (const region of regions) stack.use(region)
    const files = await Promise.all(regions.map((region) => RegionFiles.write(region, folder)))
    const [eu, us] = regions
    if (eu === undefined || us === undefined) throw new Error('two regions are needed')
    await using load = await NumberedLoad.start({ source: eu, target: us, topic: TOPIC, signal })
    const group = `failoverGroups: [{ name: orders, regions: [eu, us], topics: { include: ["orders.*"] } }]`
    const authority = `authority: { kind: sqlite, path: ${folder.file('authority.db')} }`
    await using isthmus = await IsthmusProcess.start({
      regions: regions.map(({ name, bootstrap }, at) => ({ name, bootstrap, access: files[at]?.access ?? '' })),
      rest: `${group}\n${authority}`,
    })
    await load.untilCopied()
    log('it copies; what it does without being disturbed is the measure')
    const basePauseMs = await load.longestPauseDuring(() => load.run(SESSION_MS + 1_000))
    const pauseMs = await load.longestPauseDuring(async () => {
      for (let round = 0; round < rounds; round++) {
        for (const one of files) {
          await one.exchangePassword(isthmus, { isFileFirst: round % 2 === 1, round, signal })
          await one.exchangeCertificate(isthmus, signal)
        }
        log(`round ${round + 1} of ${rounds}: both regions have new passwords and certificates`)
      }
      // Whoever has not logged in with what is new by now is cut off by the brokers.
      await load.run(SESSION_MS + 1_000)
    })
    const judged = await load.judge()
    const flows = await isthmus.flows('orders-eu-to-us')
    const { credentials } = await readCredentials(isthmus)
    const metrics = await isthmus.get('/metrics')
    checkNoSecret(metrics + JSON.stringify(credentials), 'an answer')
    const oldRefused = (await Promise.all(regions.map((region) => isRefused(region, signal)))).filter(Boolean).length
    const summary = {
      ...judged,
      restarts: isthmus.isRunning ? 0 : 1,
      stopped: flows.filter(({ state }) => state === 'stopped').length,
      rotations: credentials.reduce((all, { changes }) => all + changes, 0),
      troubles: credentials.filter(({ trouble }) => trouble !== null).length,
      oldRefused,
      basePauseMs,
      pauseMs,
    }
    const damage = summary.lost + summary.repeated + summary.reordered + summary.restarts + summary.stopped
    const isWhole = summary.rotations >= rounds * NAMES.length * 2 && oldRefused === NAMES.length
    return { ok: damage + summary.troubles === 0 && isWhole, rows: [summary], summary }
  },
}

/** The files of one region, as they are mounted for Isthmus. */
class RegionFiles {
  readonly access: string
  readonly #region: LocalRegion
  readonly #files: Readonly<Record<'ca' | 'cert' | 'key' | 'password', string>>

  static async write(region: LocalRegion, folder: TrialFolder): Promise<RegionFiles> {
    const files = new RegionFiles(region, folder)
    await files.#writeCertificate({ isBundle: false })
    writeFileSync(files.#files.password, FIRST_PASSWORD, { mode: 0o600 })
    return files
  }

  private constructor(region: LocalRegion, folder: TrialFolder) {
    this.#region = region
    const file = (name: string) => join(folder.path, `${region.name}-${name}`)
    this.#files = { ca: file('ca.pem'), cert: file('client.pem'), key: file('client.key'), password: file('password') }
    const { ca, cert, key, password } = this.#files
    const tls = `tls: { caFile: ${ca}, certFile: ${cert}, keyFile: ${key} }`
    this.access = `${tls}, sasl: { mechanism: scram-sha-512, username: ${USER}, passwordFile: ${password} }`
  }

  async exchangePassword(
    isthmus: IsthmusProcess,
    { isFileFirst, round, signal }: { isFileFirst: boolean; round: number; signal: AbortSignal },
  ): Promise<void> {
    const password = `${FIRST_PASSWORD}-${round}`
    const write = () => writeFileSync(this.#files.password, password, { mode: 0o600 })
    const change = () => changePassword(this.#region, { username: USER, password })
    await this.#exchange(isthmus, 'sasl', signal, async () => {
      if (isFileFirst) write()
      else await change()
      if (isFileFirst) await change()
      else write()
    })
  }

  /** A new certificate, and a bundle of authorities that knows one more. */
  async exchangeCertificate(isthmus: IsthmusProcess, signal: AbortSignal): Promise<void> {
    await this.#exchange(isthmus, 'tls', signal, () => this.#writeCertificate({ isBundle: true }))
  }

  /** Resolves once it is in use, as an operator would wait for it. */
  async #exchange(isthmus: IsthmusProcess, what: string, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
    const name = `regions.${this.#region.name}.${what}`
    const find = async () => (await readCredentials(isthmus)).credentials.find((one) => one.name === name)
    const before = await find()
    await act()
    const isInUse = async () => {
      const now = await find()
      return now?.version !== before?.version && now?.trouble === null ? true : undefined
    }
    await eventually(`${name} is in use`, isInUse, { limitMs: LIMIT_MS, signal })
  }

  async #writeCertificate({ isBundle }: { readonly isBundle: boolean }): Promise<void> {
    const { security } = this.#region
    if (security === undefined) throw new Error('the region is not secured')
    const { certificate, privateKey } = await security.authority.issueCertificate({ commonName: USER })
    const next = isBundle ? await createAuthority({ commonName: 'next', now: new Date() }) : undefined
    writeFileSync(this.#files.ca, `${security.tls.ca}${next?.certificate ?? ''}`)
    writeFileSync(this.#files.cert, certificate)
    writeFileSync(this.#files.key, privateKey, { mode: 0o600 })
  }
}

async function readCredentials(isthmus: IsthmusProcess): Promise<CredentialsBody> {
  return JSON.parse(await isthmus.get('/api/v1/credentials')) as CredentialsBody
}

/** Whether the password of the beginning lets nobody in any more. */
async function isRefused({ name, bootstrap, security }: LocalRegion, signal: AbortSignal): Promise<boolean> {
  const sasl = { mechanism: 'scram-sha-512', username: USER, password: FIRST_PASSWORD } as const
  await using cluster = openCluster({ name, bootstrap, tls: { ca: security?.tls.ca ?? '' }, sasl, context })
  const error: unknown = await cluster.metadata([], signal).catch((reason: unknown) => reason)
  return isFault(error, 'KAFKA_AUTHENTICATION_FAILED')
}
