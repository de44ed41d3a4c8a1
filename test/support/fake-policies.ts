import type { PolicyConfig } from '../../src/config/index.ts'
import { createEvents, type RegionName, systemClock } from '../../src/core/index.ts'
import { PolicyDesk } from '../../src/controller/policies/policy-desk.ts'
import { ProbeWatch } from '../../src/controller/policies/probe-watch.ts'
import { DEFAULT_TIMINGS, probeRegion, resolveBaseline, type SecurityPolicy } from '../../src/security/index.ts'
import { Secret } from '../../src/credentials/index.ts'
import { AccountsInMemory } from './accounts-in-memory.ts'
import type { AclRegion } from './acl-region.ts'
import { PoliciesInMemory } from './policies-in-memory.ts'

export const ORDERS_POLICY: SecurityPolicy = {
  apiVersion: 'isthmus/v1',
  kind: 'SecurityPolicy',
  owner: 'orders',
  applies: { failoverGroup: 'orders' },
  roles: [
    { principal: 'User:checkout', produce: { topics: ['orders.*'] } },
    { principal: 'User:billing', consume: { topics: ['*.bills'], groups: ['billing*'] } },
  ],
}

/** The policy of the group `orders` over regions in memory. */
export function fakePolicies(
  regions: ReadonlyMap<RegionName, { readonly acls: AclRegion }>,
  hold: () => string | undefined = () => undefined,
) {
  const policies: PolicyConfig[] = [
    { file: '/p.yaml', policy: ORDERS_POLICY, regions: [...regions.keys()], passwords: new Map() },
  ]
  const records = new Map([...regions.keys()].map((region) => [region, new PoliciesInMemory()]))
  const accounts = new Map([...regions.keys()].map((region) => [region, new AccountsInMemory()]))
  const access = new Map(
    [...regions].map(([region, { acls }]) => {
      const own = {
        principal: 'User:isthmus',
        superUsers: undefined,
        records: records.get(region) ?? new PoliciesInMemory(),
        accounts: accounts.get(region) ?? new AccountsInMemory(),
      }
      return [
        region,
        { region, cluster: acls.clientOf('User:isthmus'), clock: systemClock, timings: DEFAULT_TIMINGS, ...own },
      ] as const
    }),
  )
  const probes = new ProbeWatch({
    regions: new Map(
      [...regions].map(([region, { acls }]) => [region, { isDeclared: false, probe: () => probe(region, acls) }]),
    ),
    everyMs: 0,
    hold,
    events: createEvents(),
    clock: systemClock,
    onError: () => undefined,
  })
  /** In place of what the policy was. */
  const declare = (more: Partial<SecurityPolicy>, passwords: Readonly<Record<string, string>> = {}) => {
    const secrets = new Map(Object.entries(passwords).map(([name, text]) => [name, new Secret(text)]))
    const policy = { ...ORDERS_POLICY, ...more }
    policies.splice(0, 1, { file: '/p.yaml', policy, regions: [...regions.keys()], passwords: secrets })
  }
  return {
    policies,
    declare,
    records,
    accounts,
    access,
    probes,
    desk: new PolicyDesk({ policies, regions: access, hold }),
  }
}

/** Of a region that nothing listens for. */
function probe(region: RegionName, acls: AclRegion) {
  const given = { region, bootstrap: [], cluster: acls.clientOf('User:isthmus'), superUsers: undefined, known: [] }
  const dial = () => Promise.reject(new Error('nobody listens'))
  const rest = { baseline: resolveBaseline([]), ca: undefined, clock: systemClock }
  return probeRegion({ ...given, ...rest, dial }, new AbortController().signal)
}
