import type { PolicyConfig } from '../../src/config/index.ts'
import { type RegionName, systemClock } from '../../src/core/index.ts'
import { PolicyDesk } from '../../src/controller/policies/policy-desk.ts'
import { DEFAULT_TIMINGS, type SecurityPolicy } from '../../src/security/index.ts'
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
  const policies: PolicyConfig[] = [{ file: '/p.yaml', policy: ORDERS_POLICY, regions: [...regions.keys()] }]
  const records = new Map([...regions.keys()].map((region) => [region, new PoliciesInMemory()]))
  const access = new Map(
    [...regions].map(([region, { acls }]) => {
      const own = {
        principal: 'User:isthmus',
        superUsers: undefined,
        records: records.get(region) ?? new PoliciesInMemory(),
      }
      return [
        region,
        { region, cluster: acls.clientOf('User:isthmus'), clock: systemClock, timings: DEFAULT_TIMINGS, ...own },
      ] as const
    }),
  )
  return { policies, records, access, desk: new PolicyDesk({ policies, regions: access, hold }) }
}
