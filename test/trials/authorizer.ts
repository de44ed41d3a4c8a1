import { networkInterfaces } from 'node:os'
import * as fc from 'fast-check'
import { pause, systemClock } from '../../src/core/index.ts'
import type { AclBinding } from '../../src/kafka/index.ts'
import { createAuthorizer } from '../../src/security/authorizer-model.ts'
import {
  addAcls,
  makeTopics,
  removeAcls,
  type SecuredRegion,
  startSecured,
} from '../integration/security/secured-region.ts'
import { type AskedNames, DecisionsOf, type Known, knownFrom } from '../support/authorizer-decisions.ts'
import { entries, fences, GROUPS, TOPICS, TRANSACTIONAL_IDS } from '../support/policy-arbitraries.ts'
import { eventually } from '../support/isthmus-process.ts'
import type { Trial, TrialContext } from '../support/trial.ts'

/**
 * The model of the authorizer against a broker: random entries, with beginnings, `*`, addresses and DENYs, and after
 * each set everything that the broker decides about an application and about a super user. Once with what is refused
 * without an entry, once with what is allowed then.
 */
const APP = 'User:app'
const NAMES: AskedNames = { topics: TOPICS, groups: GROUPS, transactionalIds: TRANSACTIONAL_IDS }
const ELSEWHERE = '10.9.9.9'

interface Count {
  decisions: number
  allowed: number
  denied: number
  different: number
  sets: number
  prefixed: number
  wildcard: number
  host: number
  deny: number
}

export const trial: Trial = {
  name: 'authorizer',
  describe: "the model of Kafka's authorizer decides as a broker does",
  options: {
    decisions: { describe: 'decisions to compare', default: '5000' },
    seed: { describe: 'of the random entries', default: '1' },
  },
  fields: ['decisions', 'different', 'allowed', 'denied', 'sets', 'prefixed', 'wildcard', 'host', 'deny'],
  populations: ['decisions', 'allowed', 'denied', 'sets', 'prefixed', 'wildcard', 'host', 'deny'],

  async run({ short, options }, context) {
    const wanted = short ? 1_000 : Number(options.decisions)
    const settings = short ? [false] : [false, true]
    const count: Count = {
      decisions: 0,
      allowed: 0,
      denied: 0,
      different: 0,
      sets: 0,
      prefixed: 0,
      wildcard: 0,
      host: 0,
      deny: 0,
    }
    for (const [at, allowsWithoutAcl] of settings.entries()) {
      const until = Math.ceil((wanted * (at + 1)) / settings.length)
      await compare({ allowsWithoutAcl, until, seed: Number(options.seed) + at, count }, context)
    }
    const share = Math.min(count.allowed, count.denied) / count.decisions
    const ok = count.different === 0 && count.decisions >= wanted && share >= 0.3
    return { ok, rows: [{ ...count }], summary: { ...count, share: Number(share.toFixed(2)) } }
  },
}

interface Comparison {
  readonly allowsWithoutAcl: boolean
  readonly until: number
  readonly seed: number
  readonly count: Count
}

async function compare({ allowsWithoutAcl, until, seed, count }: Comparison, context: TrialContext): Promise<void> {
  const { signal, log } = context
  const brokerConfig = { 'allow.everyone.if.no.acl.found': String(allowsWithoutAcl) }
  await using setup = await startSecured({ name: 'authorizer', brokerConfig, signal })
  await makeTopics(setup.admin, TOPICS)
  await using app = await open(setup, 'app')
  await using admin = await open(setup, 'admin')
  // Both make the broker create the topics that coordinators work on.
  await setup.admin.describeGroups(GROUPS, signal)
  const begin = () => setup.admin.initProducerId(TRANSACTIONAL_IDS[0], 10_000, signal).catch(() => undefined)
  await eventually('the coordinator has read its partition', begin, { limitMs: 60_000, signal })
  const known = await askAdmin(admin, signal)
  const host = await findHost(setup, app, signal)
  log(`resources without entries are ${allowsWithoutAcl ? 'open' : 'closed'}; clients come from ${host}`)
  const pools = { hosts: [host, ELSEWHERE], principals: [APP, APP, APP, 'User:*', 'User:other'] }
  const sets = fc.tuple(
    fc.array(entries(pools), { minLength: 3, maxLength: 14 }),
    fc.oneof(fc.constant<AclBinding[]>([]), fc.constant<AclBinding[]>([]), fences),
  )
  const random = fc.sample(sets, { numRuns: 500, seed })
  for (const [at, [some, fence]] of random.entries()) {
    if (count.decisions >= until) return
    signal.throwIfAborted()
    const bindings = [...some, ...fence]
    await addAcls(setup.admin, bindings)
    const authorizer = createAuthorizer(bindings, { allowsWithoutAcl, superUsers: new Set(['User:admin']) })
    const asked = [{ principal: APP, of: app }, ...(at % 20 === 0 ? [{ principal: 'User:admin', of: admin }] : [])]
    for (const { principal, of } of asked) {
      for (const { question, isAllowed } of await of.all(NAMES, known, signal)) {
        const says = authorizer.isAllowed({ ...question, principal, host })
        count.decisions++
        count[isAllowed ? 'allowed' : 'denied']++
        if (says === isAllowed) continue
        count.different++
        log(`${principal} ${JSON.stringify(question)}: the broker says ${isAllowed}, with ${JSON.stringify(bindings)}`)
      }
    }
    await removeAcls(setup.admin, bindings)
    count.sets++
    count.prefixed += bindings.filter(({ pattern }) => pattern === 'prefixed').length
    count.wildcard += bindings.filter(({ name }) => name === '*').length
    count.host += bindings.filter((binding) => binding.host !== '*').length
    count.deny += bindings.filter(({ permission }) => permission === 'deny').length
  }
}

function open({ region, admin, app }: SecuredRegion, username: 'admin' | 'app'): Promise<DecisionsOf> {
  const { security, bootstrap } = region
  const user = [security?.admin, ...(security?.users ?? [])].find((it) => it?.username === username)
  if (security === undefined || user === undefined) throw new Error(`the region has no user ${username}`)
  const access = { address: bootstrap[0] ?? '', login: { ca: security.tls.ca, ...user } }
  return DecisionsOf.open(username === 'admin' ? admin : app, access)
}

/** Waits until the coordinators have loaded what they work on. */
async function askAdmin(admin: DecisionsOf, signal: AbortSignal): Promise<Known> {
  let trouble: unknown
  for (let attempt = 0; attempt < 100; attempt++) {
    signal.throwIfAborted()
    try {
      const known = knownFrom(await admin.all(NAMES, undefined, signal))
      if (known.group.length > 1 && known.topic.length > 1 && known.cluster.length > 1) return known
      trouble = new Error(`a super user is told of ${JSON.stringify(known)} only`)
    } catch (error) {
      trouble = error
    }
    await pause(systemClock, 200, signal)
  }
  throw trouble
}

/** Which address of this machine the broker sees: the one by which a group can be seen that is shown to it only. */
async function findHost({ admin }: SecuredRegion, app: DecisionsOf, signal: AbortSignal): Promise<string> {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))
  const groupOf = (address: string) => `from-${address}`
  const bindings = [...new Set(addresses)].map((address): AclBinding => {
    const what = { resource: 'group', name: groupOf(address), pattern: 'literal', operation: 'describe' } as const
    return { ...what, principal: APP, host: address, permission: 'allow' }
  })
  await addAcls(admin, bindings)
  const groups = bindings.map(({ name }) => name)
  const seen = await app.all({ topics: [], groups, transactionalIds: [] }, undefined, signal)
  await removeAcls(admin, bindings)
  const found = seen.find(({ question, isAllowed }) => question.resource === 'group' && isAllowed)
  if (found === undefined) throw new Error(`the broker sees clients from none of ${addresses.join(', ')}`)
  return found.question.name.slice('from-'.length)
}
