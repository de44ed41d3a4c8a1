import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import kafkajs, { Kafka, logLevel } from 'kafkajs'
import type { DoctorBody, DrillsBody } from '../../src/api/contract/index.ts'
import { describeError } from '../../src/core/index.ts'
import {
  type LocalRegion,
  type LocalUser,
  localPorts,
  type RegionSecurity,
  startRegion,
} from '../../src/local/index.ts'
import { adminToolsClasspath, javaProgram } from '../support/java/classpath.ts'
import { NumberedLoad } from '../support/numbered-load.ts'
import { checkNoSecret } from '../support/secrets.ts'
import type { Trial, TrialContext } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * What a newcomer does, as README.md has it: the commands of its section are read out and run by bash as they stand, on
 * two clusters with TLS, SCRAM and an authorizer that know nothing of Isthmus. Only what the section says to change is
 * changed. Judged from outside: every command ended well, the drills passed, the records of an application were copied,
 * the canary is let in nowhere but where it has to be.
 */
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes, KafkaJSProtocolError } = kafkajs
const ROOT = resolve(import.meta.dirname, '../..')
const HEADING = '## The first hour, on your own clusters'
const NAMES = ['eu-west', 'us-east'] as const
const TOPIC = 'orders.created'
const TOOLS = { 'kafka-configs.sh': 'kafka.admin.ConfigCommand', 'kafka-acls.sh': 'org.apache.kafka.tools.AclCommand' }
/** Told of what is so on a first try: an authority in a file, an API that is open to the machine. It ends with 6 then. */
const MAY_WARN = 'node bin/isthmus.js "$@"'
const WARNED = '6'

export const trial: Trial = {
  name: 'first-hour',
  describe: 'the commands for newcomers in README.md lead from nothing to a drilled failover group',
  fields: ['commands', 'failed', 'errors', 'drills', 'compared', 'lost', 'repeated', 'reordered', 'refused'],
  populations: ['commands', 'drills', 'compared', 'refused'],
  shortLimitMs: 300_000,

  async run(_args, context) {
    const { signal, log } = context
    using folder = new TrialFolder()
    const regions = await Promise.all(NAMES.map((name) => startRegion({ name, signal, secured: true, brokers: 1 })))
    await using stack = new AsyncDisposableStack()
    for (const region of regions) stack.use(region)
    const [eu, us] = regions
    if (eu === undefined || us === undefined) throw new Error('two regions are needed')
    await using load = await NumberedLoad.start({ source: eu, target: us, topic: TOPIC, signal })
    for (const region of regions) prepareAdmin(region, folder)
    await Promise.all(regions.map(allowApplication))
    await placeTools(folder, signal)
    symlinkSync(join(ROOT, 'bin'), folder.file('bin'))
    const api = `127.0.0.1:${(await localPorts.take(1))[0]}`
    const blocks = changeWhatIsYours(readCommands(), { EU: eu.bootstrap[0], US: us.bootstrap[0], API: api })
    log(`${blocks.length} blocks of commands`)
    await using newcomer = new Newcomer(blocks, { folder, context })
    const commands = await newcomer.work()
    const failed = commands.filter(({ code, line }) => !(line === MAY_WARN && code === WARNED))
    for (const { code, line } of failed) log(`ended with ${code}: ${line}`)
    await load.untilCopied()
    const { findings } = await ask<DoctorBody>(api, 'doctor')
    const errors = findings.filter(({ severity }) => severity === 'error')
    for (const { id, summary } of errors) log(`the doctor says ${id}: ${summary}`)
    const { ended } = await ask<DrillsBody>(api, 'failover-groups/orders/drills')
    const drills = ended.filter(({ outcome }) => outcome?.kind === 'passed').length
    const refused = await countRefused(us)
    const judged = await load.judge()
    const summary = {
      ...judged,
      commands: newcomer.count,
      failed: failed.length,
      errors: errors.length,
      drills,
      refused,
    }
    const damage = judged.lost + judged.repeated + judged.reordered
    return { ok: failed.length + errors.length + damage === 0 && drills === 2, rows: [summary], summary }
  },
}

/** The sh blocks of the section, in order. */
function readCommands(): string[] {
  const text = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const from = text.indexOf(`${HEADING}\n`)
  const section = text.slice(from, text.indexOf('\n## ', from + HEADING.length))
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block)
}

/** The values of the first lines, as the section asks for. */
function changeWhatIsYours(blocks: readonly string[], given: Readonly<Record<string, string | undefined>>): string[] {
  const [first = '', ...rest] = blocks
  const all = { ...given, EU_CA: 'eu-west-ca.pem', US_CA: 'us-east-ca.pem' }
  const changed = Object.entries(all).reduce((text, [name, value]) => {
    const next = text.replace(new RegExp(`(?<=^|\\s)${name}=\\S+`, 'm'), `${name}=${value}`)
    if (next === text) throw new Error(`the first commands set no ${name}`)
    return next
  }, first)
  return [changed, ...rest]
}

/** What the section takes for granted: an administrator's file, and the authority of the brokers' certificates. */
function prepareAdmin({ name, security }: LocalRegion, folder: TrialFolder): void {
  if (security === undefined) throw new Error('the region is not secured')
  const { username, password } = security.admin
  const ca = `${name}-ca.pem`
  writeFileSync(folder.file(ca), security.tls.ca)
  const login = `org.apache.kafka.common.security.scram.ScramLoginModule required username="${username}" password="${password}";`
  const lines = [
    'security.protocol=SASL_SSL',
    'sasl.mechanism=SCRAM-SHA-512',
    `sasl.jaas.config=${login}`,
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${folder.file(ca)}`,
  ]
  writeFileSync(folder.file(`admin-${name}.properties`), `${lines.join('\n')}\n`, { mode: 0o600 })
}

/** Kafka's tools as they are in its `bin`, on the path. */
async function placeTools(folder: TrialFolder, signal: AbortSignal): Promise<void> {
  const [java, classpath] = await Promise.all([javaProgram(), adminToolsClasspath(signal)])
  for (const [name, main] of Object.entries(TOOLS)) {
    const flags = `-Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '${classpath}'`
    writeFileSync(folder.file(name), `#!/bin/sh\nexec '${java}' ${flags} ${main} "$@"\n`)
    chmodSync(folder.file(name), 0o755)
  }
}

interface Ended {
  readonly code: string
  readonly line: string
}

/** A shell that types the commands. What they leave running ends with it. */
class Newcomer implements AsyncDisposable {
  readonly #folder: TrialFolder
  readonly #context: TrialContext
  readonly #blocks: readonly string[]
  #shell: ReturnType<typeof spawn> | undefined
  count = 0

  constructor(
    blocks: readonly string[],
    { folder, context }: { readonly folder: TrialFolder; readonly context: TrialContext },
  ) {
    this.#blocks = blocks
    this.#folder = folder
    this.#context = context
  }

  /** Those that did not end with 0, once all have ended. */
  async work(): Promise<Ended[]> {
    const { signal, log } = this.#context
    const [script, counted, failures] = ['script', 'counted', 'failures'].map((name) => this.#folder.file(name))
    if (script === undefined || counted === undefined || failures === undefined)
      throw new Error('three files are needed')
    // A shell of somebody who types: what fails is looked at, and the next command is another one.
    const traps = [
      'set -E',
      `trap 'printf "%s\\t%s\\n" "$?" "$BASH_COMMAND" >> ${failures}' ERR`,
      `trap 'echo >> ${counted}' DEBUG`,
    ]
    writeFileSync(script, [...traps, ...this.#blocks, ''].join('\n'))
    const env = { ...process.env, PATH: `${this.#folder.path}${delimiter}${process.env['PATH']}`, USER: 'newcomer' }
    const shell = spawn('bash', [script], { cwd: this.#folder.path, env, detached: true, signal })
    this.#shell = shell
    for (const stream of [shell.stdout, shell.stderr]) {
      stream.on('data', (data: Buffer) => {
        const text = data.toString()
        checkNoSecret(text, 'what the commands print')
        log(text.trimEnd())
      })
    }
    // Its own end: what it has left in the background holds its output open.
    await once(shell, 'exit')
    this.count = linesOf(counted).length
    return linesOf(failures).map((line) => {
      const [code = '', ...rest] = line.split('\t')
      return { code, line: rest.join('\t') }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pid = this.#shell?.pid
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGTERM')
    } catch (error) {
      this.#context.log(`nothing was left running: ${describeError(error)}`)
    }
    checkNoSecret(linesOf(this.#folder.file('isthmus.log')).join('\n'), 'the log')
  }
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').replace(/\n$/, '').split('\n') : []
}

async function ask<Body>(api: string, path: string): Promise<Body> {
  return (await (await fetch(`http://${api}/api/v1/${path}`)).json()) as Body
}

/** Of an application, as it was there before Isthmus came. */
async function allowApplication({ bootstrap, security }: LocalRegion): Promise<void> {
  if (security === undefined) throw new Error('the region is not secured')
  const admin = loginAs({ bootstrap, security }, security.admin).admin()
  await admin.connect()
  const right = { operation: AclOperationTypes.WRITE, permissionType: AclPermissionTypes.ALLOW }
  const where = { resourceType: AclResourceTypes.TOPIC, resourcePatternType: ResourcePatternTypes.PREFIXED }
  await admin.createAcls({ acl: [{ ...right, ...where, resourceName: 'orders.', principal: 'User:app', host: '*' }] })
  await admin.disconnect()
}

/** 1 where the application, which has the right to write, is refused at the standby; 0 where it is let in. */
async function countRefused({ bootstrap, security }: LocalRegion): Promise<number> {
  const user = security?.users.find(({ username }) => username === 'app')
  if (security === undefined || user === undefined) throw new Error('the region has no application')
  const producer = loginAs({ bootstrap, security }, user).producer({ allowAutoTopicCreation: false })
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

interface Secured {
  readonly bootstrap: readonly string[]
  readonly security: RegionSecurity
}

function loginAs({ bootstrap, security }: Secured, { username, password }: LocalUser): Kafka {
  return new Kafka({
    brokers: [...bootstrap],
    ssl: { ca: [security.tls.ca] },
    sasl: { mechanism: 'scram-sha-512', username, password },
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  })
}
