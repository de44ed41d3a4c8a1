import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/index.ts'
import { SecurityControl } from '../../src/controller/policies/security-control.ts'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import type { LocalRegion } from '../../src/local/index.ts'
import type { ProbeRound } from '../../src/security/index.ts'
import { addAcls, makeTopics } from '../integration/security/secured-region.ts'
import { type Cluster, openCluster } from '../../src/kafka/index.ts'
import { CASES, type MatrixRegions, startMatrixRegions } from '../support/security-matrix/matrix-regions.ts'
import type { Trial } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * Eighteen ways to secure a region badly, each found by the probes of a process that knows nothing of them, and nothing
 * found about a region that is secured well. The brokers are real, the certificates are made here.
 */
export const trial: Trial = {
  name: 'security-matrix',
  describe: 'broken broker configurations are found, each, and a good one is not complained about',
  fields: ['cases', 'found', 'falseAlarms', 'listeners', 'certificates', 'probedMs'],
  populations: ['cases', 'found', 'listeners', 'certificates'],

  async run(_arguments, { signal, log }) {
    await using regions = await startMatrixRegions(systemClock.nowMs(), signal)
    log('the regions have started')
    await prepare(regions)
    using folder = new TrialFolder()
    const config = loadConfig(writeConfig(folder.path, regions))
    const security = new SecurityControl({ config, hold: () => undefined, clock: systemClock, random: systemRandom })
    const startedMs = systemClock.monotonicMs()
    const rounds = await probe(security)
    const probedMs = Math.round(systemClock.monotonicMs() - startedMs)
    const of = (name: string) => rounds.find(({ region }) => region === name)?.findings ?? []
    const rows = CASES.map(({ name, region, finding, listener }) => {
      const hit = of(region).find((one) => one.id === finding && (listener === undefined || one.listener === listener))
      return {
        case: name,
        finding,
        severity: hit?.severity ?? '-',
        evidence: (hit?.evidence ?? 'NOT FOUND').slice(0, 80),
      }
    })
    const found = rows.filter(({ severity }) => severity !== '-').length
    const unchecked = of('listeners').filter(({ id }) => id === 'login-unchecked')
    const alarms = [
      ...of('good').filter(({ severity }) => severity !== 'info'),
      // The others refuse whom they do not know, also by PLAIN.
      ...unchecked.filter(({ listener }) => listener !== 'UNSIGNED'),
    ]
    for (const { id, listener, evidence } of alarms) log(`false alarm: ${id} ${listener}: ${evidence}`)
    const listeners = rounds.flatMap((round) => round.listeners)
    const certificates = listeners.filter(({ tls }) => tls !== undefined).length
    const summary = {
      cases: CASES.length,
      found,
      falseAlarms: alarms.length,
      listeners: listeners.length,
      certificates,
      probedMs,
    }
    return { ok: found === CASES.length && alarms.length === 0, rows, summary }
  },
}

async function probe(security: SecurityControl): Promise<readonly ProbeRound[]> {
  try {
    // What is denied to everyone stands from here on: only a super user is told of it.
    await security.policies.plan({ removal: { kind: 'off' } }, AbortSignal.timeout(60_000))
    return await security.probes.probe(undefined)
  } finally {
    await security.stop()
  }
}

/** A topic to be seen, and the right to see it for whoever has not logged in. */
async function prepare({ good, listeners, settings }: MatrixRegions): Promise<void> {
  for (const region of [good, listeners, settings]) {
    await using admin = adminOf(region)
    await makeTopics(admin, ['orders.a'])
    if (region !== listeners) continue
    const everything = { resource: 'topic', name: '*', pattern: 'literal', host: '*', permission: 'allow' } as const
    await addAcls(admin, [{ ...everything, principal: 'User:ANONYMOUS', operation: 'describe' }])
  }
}

function adminOf({ name, bootstrap, security }: LocalRegion): Cluster {
  if (security === undefined) throw new Error(`${name} is not secured`)
  const sasl = { mechanism: 'scram-sha-512' as const, ...security.admin }
  const context = { clock: systemClock, random: systemRandom }
  return openCluster({ name, bootstrap, tls: { ca: security.tls.ca }, sasl, context })
}

function writeConfig(folder: string, regions: MatrixRegions): string {
  const secret = (name: string, password: string) => {
    writeFileSync(join(folder, name), password)
    return name
  }
  const names = ['good', 'listeners', 'settings', 'bare'] as const
  const lines = names.map((name) => {
    const { bootstrap, security } = regions[name]
    writeFileSync(join(folder, `${name}.crt`), `${security?.tls.ca ?? ''}${regions.authority}`)
    const sasl = `{ mechanism: scram-sha-512, username: admin, passwordFile: ${secret('admin', 'admin-secret')} }`
    return `  - { name: ${name}, bootstrap: ${JSON.stringify(bootstrap)}, tls: { caFile: ${name}.crt }, sasl: ${sasl} }`
  })
  const principals = ['app', 'canary'].map((name) => {
    const file = secret(name, `${name}-secret`)
    return `  - { name: "User:${name}", auth: scram-sha-512, passwordFile: ${file} }`
  })
  writeFileSync(
    join(folder, 'policy.yaml'),
    `apiVersion: isthmus/v1
kind: SecurityPolicy
owner: matrix
applies: { regions: [${names.join(', ')}] }
baseline:
  plaintext: refuse
  tlsMin: "1.2"
  sasl: [scram-sha-512]
  anonymous: refuse
  allowEveryoneIfNoAcl: false
  superUsers: ["User:admin", "User:CN=isthmus-broker", "User:CN=isthmus-admin"]
  maxReauthMinutes: 60
  certificateMinDays: 21
principals:
${principals.join('\n')}
`,
  )
  const file = join(folder, 'isthmus.yaml')
  const text = `apiVersion: isthmus/v1\nregions:\n${lines.join('\n')}\nsecurity: { policies: [policy.yaml] }\n`
  writeFileSync(file, text)
  return file
}
