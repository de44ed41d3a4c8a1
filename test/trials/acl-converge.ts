import * as fc from 'fast-check'
import { isFault, regionName, systemClock } from '../../src/core/index.ts'
import type { AclBinding, AclOperation, OwnRights } from '../../src/kafka/index.ts'
import { DEFAULT_TIMINGS } from '../../src/security/index.ts'
import { bindingKey } from '../../src/security/fences/fence-record.ts'
import { applyPolicy, planForRegion, type PolicyRequest } from '../../src/security/policies/apply-policy.ts'
import { expandPolicy } from '../../src/security/policies/expand-policy.ts'
import { planPolicy } from '../../src/security/policies/plan-policy.ts'
import { claimedBy, digestOf, type PolicyRecord } from '../../src/security/policies/policy-record.ts'
import type { PolicyAccess } from '../../src/security/policies/read-region.ts'
import {
  addAcls,
  makeTopics,
  removeAcls,
  type SecuredRegion,
  setAcls,
  startSecured,
} from '../integration/security/secured-region.ts'
import { PoliciesInMemory } from '../support/policies-in-memory.ts'
import { KEPT, OWN, TOPICS } from '../support/policy-arbitraries.ts'
import {
  addVerdict,
  NO_VERDICT,
  type PolicyCase,
  policyCases,
  type PolicyStep,
  runCase,
} from '../support/policy-model.ts'
import type { Trial, TrialContext } from '../support/trial.ts'

/**
 * Policies against random regions: each plan is applied, the next one is empty, what others put up still stands, and
 * whoever applied it may do what it could do before. Thousands in the model of a region, hundreds on a broker, where
 * Isthmus is a super user in every other case and has its rights from entries in the rest.
 */
const OWNER = 'orders'
const LARGE = 10_000

interface Count {
  secondPlans: number
  notEmpty: number
  foreignTouched: number
  lockedOut: number
  refused: number
  additions: number
  removals: number
}

export const trial: Trial = {
  name: 'acl-converge',
  describe: 'applying a policy converges, touches nothing of others, and locks nobody out',
  options: {
    cases: { describe: 'random cases on a broker', default: '300' },
    model: { describe: 'random cases in the model of a region', default: '10000' },
    seed: { describe: 'of the random cases', default: '1' },
  },
  fields: [
    'cases',
    'secondPlans',
    'notEmpty',
    'foreignTouched',
    'lockedOut',
    'refused',
    'additions',
    'removals',
    'modelCases',
    'modelPlans',
    'modelWrong',
    'plannedMs',
  ],
  populations: ['cases', 'secondPlans', 'refused', 'additions', 'removals', 'modelCases', 'modelPlans', 'plannedMs'],
  limitMs: 15 * 60_000,

  async run({ short, options }, context) {
    const seed = Number(options.seed)
    const cases = short ? 25 : Number(options.cases)
    const modelCases = short ? 500 : Number(options.model)
    const plannedMs = planMany()
    context.log(`${LARGE} entries planned in ${plannedMs} ms`)
    let model = NO_VERDICT
    for (const it of fc.sample(policyCases, { numRuns: modelCases, seed })) model = addVerdict(model, runCase(it))
    const modelWrong = model.unsettled + model.foreignTouched + model.lockedOut + model.needless
    context.log(`${modelCases} regions in the model: ${JSON.stringify(model)}`)
    const count = await runOnBroker(fc.sample(policyCases, { numRuns: cases, seed: seed + 1 }), context)
    const wrong = count.notEmpty + count.foreignTouched + count.lockedOut + modelWrong
    const summary = { cases, ...count, modelCases, modelPlans: model.plans, modelWrong, plannedMs }
    return { ok: wrong === 0 && plannedMs < 2_000, rows: [summary], summary }
  },
}

/** Half of them new; time of the processor, as the machine may be busy. */
function planMany(): number {
  const entry = (name: string, at: number): AclBinding => {
    const principal = `User:app-${at % 97}`
    return {
      resource: 'topic',
      name,
      pattern: 'literal',
      principal,
      host: '*',
      operation: 'write',
      permission: 'allow',
    }
  }
  const bindings = Array.from({ length: LARGE }, (_, at) => entry(`topic-${at}`, at))
  const standing = bindings.map((binding, at) => (at % 2 === 0 ? binding : entry(`other-${at}`, at)))
  const region = regionName('eu')
  const before = process.cpuUsage()
  const plan = planPolicy({
    region,
    owner: OWNER,
    desired: { bindings, followed: [] },
    removal: { kind: 'on', max: LARGE },
    sight: { bindings: standing, records: [recordOf(OWNER, standing)] },
    guards: {
      ownPrincipal: OWN,
      isExempt: false,
      superUsers: [],
      kept: [KEPT],
      brokers: undefined,
      allowsWithoutAcl: 'unknown',
    },
  })
  if (plan.additions.length + plan.removals.length !== LARGE) throw new Error('not what was to be planned')
  return Math.round(process.cpuUsage(before).user / 1_000)
}

async function runOnBroker(cases: readonly PolicyCase[], { signal, log }: TrialContext): Promise<Count> {
  await using setup = await startSecured({ name: 'converge', signal })
  await makeTopics(setup.admin, TOPICS)
  const count: Count = {
    secondPlans: 0,
    notEmpty: 0,
    foreignTouched: 0,
    lockedOut: 0,
    refused: 0,
    additions: 0,
    removals: 0,
  }
  for (const [at, it] of cases.entries()) {
    const isExempt = at % 2 === 0
    const access: PolicyAccess = {
      region: regionName('eu'),
      clock: systemClock,
      timings: PATIENT,
      records: new PoliciesInMemory([recordOf('other', it.otherOwner)]),
      cluster: isExempt ? setup.admin : setup.ordinary,
      accounts: setup.admin,
      principal: isExempt ? 'User:admin' : OWN,
      superUsers: ['User:admin'],
    }
    await setAcls(setup.admin, [...harmless([...it.foreign, ...it.otherOwner]), ...RIGHTS])
    for (const [at, step] of it.steps.entries()) {
      signal.throwIfAborted()
      await removeAcls(setup.admin, it.steps[at - 1]?.fence ?? [])
      await addAcls(setup.admin, [...harmless(step.tool), ...step.fence])
      await runStep(setup, { access, step, guards: it.guards, count }, signal)
    }
    if (at % 25 === 24) log(`${at + 1} regions on the broker: ${JSON.stringify(count)}`)
  }
  return count
}

/** The trial is about what comes of plans, and not about how soon: it may share its machine. */
const PATIENT = { ...DEFAULT_TIMINGS, callMs: 60_000, lookMs: 20_000, settleMs: 60_000 }

/** What Isthmus needs where it is no super user. */
const RIGHTS: readonly AclBinding[] = (['alter', 'describe', 'describe-configs'] as const).map((operation) => {
  const what = { resource: 'cluster', name: 'kafka-cluster', pattern: 'literal', operation } as const
  return { ...what, principal: OWN, host: '*', permission: 'allow' }
})

/** Without what would keep Isthmus from working before it has done anything. */
function harmless(bindings: readonly AclBinding[]): AclBinding[] {
  return bindings.filter(({ permission, resource }) => permission === 'allow' || resource !== 'cluster')
}

interface Stage {
  readonly access: PolicyAccess
  readonly step: PolicyStep
  readonly guards: PolicyCase['guards']
  readonly count: Count
}

async function runStep(
  setup: SecuredRegion,
  { access, step, guards, count }: Stage,
  signal: AbortSignal,
): Promise<void> {
  const { admin, ordinary } = setup
  const { brokers, kept } = guards
  const baseline = { allowEveryoneIfNoAcl: false, superUsers: [...kept], ...(brokers && { brokers: [...brokers] }) }
  const request: PolicyRequest = {
    policy: { owner: OWNER, baseline },
    desired: expandPolicy(step.policy, step.topics),
    removal: step.removal,
  }
  const { hash, obstacles } = await planForRegion(access, request, signal)
  const own = (await access.records.list(access.region, signal)).find(({ owner }) => owner === OWNER)
  const claims = claimedBy(own)
  const foreign = (await admin.describeAcls({}, signal)).filter((binding) => !claims.has(digestOf(binding)))
  const rights = await ordinary.ownRights(TOPICS, signal)
  if (obstacles.length > 0) {
    await applyPolicy(access, { ...request, hash }, signal).then(
      () => Promise.reject(new Error('a plan with obstacles was applied')),
      (error: unknown) => (isFault(error, 'POLICY_PLAN_REFUSED') ? undefined : Promise.reject(error as Error)),
    )
    count.refused++
  } else {
    const { added, removed, after } = await applyPolicy(access, { ...request, hash }, signal)
    count.additions += added
    count.removals += removed
    count.secondPlans++
    if (after.additions.length + after.removals.length > 0) count.notEmpty++
  }
  const standing = new Set((await admin.describeAcls({}, signal)).map(bindingKey))
  count.foreignTouched += foreign.filter((binding) => !standing.has(bindingKey(binding))).length
  if (access.cluster === ordinary) count.lockedOut += countLost(rights, await ordinary.ownRights(TOPICS, signal))
}

function countLost(before: OwnRights, after: OwnRights): number {
  const lostOf = (had: readonly AclOperation[] = [], has: readonly AclOperation[] = []) =>
    had.filter((operation) => !has.includes(operation)).length
  const onTopics = TOPICS.map((topic) => lostOf(before.topics.get(topic), after.topics.get(topic)))
  return onTopics.reduce((sum, lost) => sum + lost, lostOf(before.cluster, after.cluster))
}

function recordOf(owner: string, bindings: readonly AclBinding[]): PolicyRecord {
  const claims = bindings.map(digestOf)
  return { format: 1, region: regionName('eu'), owner, claims, pending: null, mayLandLate: false, atMs: 0 }
}
