import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import kafkajs from 'kafkajs'
import type { DoctorBody, DrillsBody } from '../../src/api/contract/index.ts'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { createKafkaJs } from '../../src/kafka/index.ts'
import { type LocalRegion, type LocalUser, localPorts, startRegion } from '../../src/local/index.ts'
import { Newcomer } from '../support/first-hour/newcomer.ts'
import { readCommands } from '../support/first-hour/readme-commands.ts'
import { NumberedLoad } from '../support/numbered-load.ts'
import { checkNoSecret } from '../support/secrets.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * What a newcomer does, as README.md has it: its commands are read out of a clean clone and typed as they stand, on two
 * clusters with TLS, SCRAM and an authorizer that have an application and know nothing of Isthmus. Judged from outside:
 * every command ended well, the drills passed, the application's records were copied, and it is refused at the standby.
 * The short form borrows the packages that are installed here.
 */
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes, KafkaJSProtocolError } = kafkajs
const ROOT = resolve(import.meta.dirname, '../..')
const LEFT_OUT: ReadonlySet<string> = new Set(['.git', 'node_modules', 'dist'])
const HEADING = '## The first hour, on your own clusters'
const API = '127.0.0.1:8080'
const TOPIC = 'orders.created'
const APPLICATION = 'app'
/** Of a drill that something real got in between. */
const INTERRUPTED = { begin: 'isthmus drill run', code: 3 }
/** Of the doctor, who has something to say on any first try. */
const FOUND = { line: 'isthmus doctor', code: 6 }
/** Of drills, each of which has to pass. */
const LEVELS = 2
const REGIONS = [
  { name: 'eu-west', bootstrap: 'kafka-0.eu.example.com:9093', ca: 'eu-ca.pem', admin: 'admin-eu.properties' },
  { name: 'us-east', bootstrap: 'kafka-0.us.example.com:9093', ca: 'us-ca.pem', admin: 'admin-us.properties' },
] as const

export const trial: Trial = {
  name: 'first-hour',
  describe: 'the commands for newcomers in README.md lead from nothing to a drilled failover group',
  fields: ['commands', 'failed', 'errors', 'drills', 'compared', 'lost', 'repeated', 'reordered', 'refused', 'minutes'],
  populations: ['commands', 'drills', 'compared', 'refused'],
  shortLimitMs: 400_000,
  // A region that seems suspect for a moment, as on a busy machine, ends a drill.
  isAlone: true,

  async run({ short }, context) {
    const { signal, log } = context
    using folder = new TrialFolder()
    const home = cloneInto(folder, { withPackages: short })
    await using stack = new AsyncDisposableStack()
    const start = ({ name }: (typeof REGIONS)[number]) =>
      startRegion({ name, signal, secured: true, brokers: 1, users: [APPLICATION] })
    const [eu, us] = await Promise.all([start(REGIONS[0]), start(REGIONS[1])])
    for (const region of [eu, us]) {
      stack.use(region)
      await allowApplication(region)
    }
    const load = stack.use(await NumberedLoad.start({ source: eu, target: us, topic: TOPIC, signal }))
    placeFiles(eu, home, REGIONS[0])
    placeFiles(us, home, REGIONS[1])
    const api = `127.0.0.1:${(await localPorts.take(1))[0]}`
    const changes = {
      [API]: api,
      [REGIONS[0].bootstrap]: eu.bootstrap[0] ?? '',
      [REGIONS[1].bootstrap]: us.bootstrap[0] ?? '',
    }
    const blocks = readCommands(readFileSync(join(home, 'isthmus', 'README.md'), 'utf8'), HEADING, changes)
    const env = { ...process.env, ISTHMUS_API: `http://${api}`, USER: 'newcomer' }
    const newcomer = stack.use(new Newcomer({ folder: home, blocks, env, again: INTERRUPTED, signal, log }))
    const startedMs = performance.now()
    const { commands, failed: ended } = await newcomer.type()
    const failed = ended.filter(({ code, line }) => !(code === FOUND.code && line === FOUND.line))
    const minutes = Math.round((performance.now() - startedMs) / 6_000) / 10
    for (const { code, line } of failed) log(`ended with ${code}: ${line}`)
    const { findings } = await ask<DoctorBody>(api, 'doctor')
    const errors = findings.filter(({ severity }) => severity === 'error')
    for (const { id, evidence } of errors) log(`the doctor says ${id}: ${evidence}`)
    const { ended: rehearsed } = await ask<DrillsBody>(api, 'failover-groups/orders/drills')
    const drills = rehearsed.filter(({ outcome }) => outcome?.kind === 'passed').length
    const judged = await load.judge()
    const refused = await countRefused(us)
    checkNoSecret(readFileSync(join(home, 'isthmus.log'), 'utf8'), 'the log')
    const isReported = existsSync(join(home, 'drill.html'))
    const figures = { commands, failed: failed.length, errors: errors.length, drills, refused, minutes }
    const damage = judged.lost + judged.repeated + judged.reordered
    const isWell = failed.length + errors.length + damage === 0 && drills === LEVELS && isReported
    return { ok: isWell, rows: [{ ...figures, ...judged }], summary: { ...figures, ...judged } }
  },
}

/** The folder that has the clone; of sources that are in no repository, it is a copy. */
function cloneInto(folder: TrialFolder, { withPackages }: { readonly withPackages: boolean }): string {
  const clone = folder.file('isthmus')
  const { status } = spawnSync('git', ['clone', '--quiet', '--depth', '1', `file://${ROOT}`, clone])
  if (status !== 0) cpSync(ROOT, clone, { recursive: true, filter: (path) => !LEFT_OUT.has(relative(ROOT, path)) })
  if (withPackages) symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'))
  return folder.path
}

/** What the section takes for granted: who has issued the certificates of the brokers, and the administrator's file. */
function placeFiles({ security }: LocalRegion, home: string, { ca, admin }: (typeof REGIONS)[number]): void {
  if (security === undefined) throw new Error('the region is not secured')
  const { username, password } = security.admin
  writeFileSync(join(home, ca), security.tls.ca)
  const module = 'org.apache.kafka.common.security.scram.ScramLoginModule'
  const lines = [
    'security.protocol=SASL_SSL',
    'sasl.mechanism=SCRAM-SHA-512',
    `sasl.jaas.config=${module} required username="${username}" password="${password}";`,
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${join(home, ca)}`,
  ]
  writeFileSync(join(home, admin), `${lines.join('\n')}\n`, { mode: 0o600 })
}

async function ask<Body>(api: string, path: string): Promise<Body> {
  const answer = await fetch(`http://${api}/api/v1/${path}`)
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
  return (await answer.json()) as Body
}

/** As it was there before Isthmus came. */
async function allowApplication(region: LocalRegion): Promise<void> {
  const admin = clientOf(region, region.security?.admin).admin()
  await admin.connect()
  const right = { operation: AclOperationTypes.WRITE, permissionType: AclPermissionTypes.ALLOW }
  const where = { resourceType: AclResourceTypes.TOPIC, resourcePatternType: ResourcePatternTypes.PREFIXED }
  const who = { principal: `User:${APPLICATION}`, host: '*' }
  await admin.createAcls({ acl: [{ ...right, ...where, ...who, resourceName: 'orders.' }] })
  await admin.disconnect()
}

/** 1 where the application, which has the right to write, is refused at the standby; 0 where it is let in. */
async function countRefused(region: LocalRegion): Promise<number> {
  const user = region.security?.users.find(({ username }) => username === APPLICATION)
  const producer = clientOf(region, user).producer({ allowAutoTopicCreation: false, retry: { retries: 0 } })
  await producer.connect()
  try {
    await producer.send({ topic: TOPIC, messages: [{ value: 'astray' }] })
    return 0
  } catch (error) {
    if (error instanceof KafkaJSProtocolError && error.type === 'TOPIC_AUTHORIZATION_FAILED') return 1
    throw error
  } finally {
    await producer.disconnect()
  }
}

function clientOf({ name, bootstrap, security }: LocalRegion, user: LocalUser | undefined) {
  if (security === undefined || user === undefined) throw new Error(`${name} has no such user`)
  const { ca } = security.tls
  const context = { clock: systemClock, random: systemRandom }
  return createKafkaJs({ name, bootstrap, tls: { ca }, sasl: { mechanism: 'scram-sha-512', ...user }, context })
}
