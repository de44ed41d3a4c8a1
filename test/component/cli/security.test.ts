import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { SecurityPlanBody } from '../../../src/api/contract/index.ts'
import { regionName } from '../../../src/core/index.ts'
import { readLeastRights } from '../../../src/least-rights.ts'
import type { AclBinding } from '../../../src/kafka/index.ts'
import { startFakeControl } from '../../support/fake-control.ts'
import { cli } from '../../support/run-cli.ts'
import { checkNoSecret, secretFor } from '../../support/secrets.ts'

type Control = Awaited<ReturnType<typeof startFakeControl>>

const entry = (more: Partial<AclBinding>): AclBinding => ({
  resource: 'topic',
  name: 'orders.',
  pattern: 'prefixed',
  principal: 'User:checkout',
  host: '*',
  operation: 'write',
  permission: 'allow',
  ...more,
})
const fence = entry({ principal: 'User:*', permission: 'deny' })
const strange = entry({ principal: 'User:stranger', operation: 'read' })
const APPLY = ['security', 'apply', '--reason', 'CHG-1', '--by', 'ada', '--yes']

function regionOf(it: Control, name: string) {
  const acls = it.fenced.get(regionName(name))?.acls
  if (acls === undefined) throw new Error(`no region ${name}`)
  const standing = () =>
    acls.bindings
      .filter((binding) => !binding.name.startsWith('__isthmus.'))
      .map(({ principal, operation, resource, name: on }) => `${principal} ${operation} ${resource} ${on}`)
      .sort()
  return { acls, standing }
}

test('a plan shows what is missing in each region and what is of others, and changes nothing', async () => {
  await using it = await startFakeControl()
  const { acls, standing } = regionOf(it, 'east')
  acls.put(strange, fence)
  const before = standing()
  const planned = await cli(['security', 'plan', '--region', 'east', '--api', it.api])
  expect(planned.code).toBe(6)
  expect(planned.out).toContain('+ allow User:checkout WRITE on topic orders.*')
  expect(planned.out).toContain('~ allow User:stranger READ on topic orders.* (foreign)')
  expect(planned.out).not.toContain('deny')
  expect(standing()).toEqual(before)
})

test('a plan from a file is applied to every region, with the fence and others as they were', async () => {
  await using it = await startFakeControl()
  const file = join(mkdtempSync(join(tmpdir(), 'isthmus-plan-')), 'plan.json')
  regionOf(it, 'east').acls.put(strange, fence)
  writeFileSync(file, (await cli(['security', 'plan', '--output', 'json', '--api', it.api])).out)
  const applied = await cli([...APPLY, '--plan', file, '--api', it.api])
  expect([applied.code, applied.err]).toEqual([0, ''])
  const declared = ['User:billing read group billing', 'User:checkout write topic orders.']
  expect(regionOf(it, 'west').standing()).toEqual(declared)
  expect(regionOf(it, 'east').standing()).toEqual(
    [...declared, 'User:* write topic orders.', 'User:stranger read topic orders.'].sort(),
  )
  expect((await cli(['security', 'plan', '--api', it.api])).code).toBe(0)
  expect((await cli([...APPLY, '--plan', file, '--api', it.api])).code).toBe(3)
})

test('a region that has changed since it was planned refuses the plan', async () => {
  await using it = await startFakeControl()
  const file = join(mkdtempSync(join(tmpdir(), 'isthmus-plan-')), 'plan.json')
  writeFileSync(file, (await cli(['security', 'plan', '--region', 'east', '--output', 'json', '--api', it.api])).out)
  const { acls, standing } = regionOf(it, 'east')
  acls.put(strange)
  const refused = await cli([...APPLY, '--plan', file, '--api', it.api])
  expect([refused.code, refused.err]).toEqual([3, expect.stringContaining('POLICY_PLAN_STALE')])
  expect(standing()).toEqual(['User:stranger read topic orders.'])
})

test('a topic that comes gets the entries of globs that Kafka cannot say', async () => {
  await using it = await startFakeControl()
  await cli([...APPLY, '--api', it.api])
  regionOf(it, 'west').acls.topics.add('eu.bills')
  const planned = await cli(['security', 'plan', '--output', 'json', '--api', it.api])
  const { plans } = JSON.parse(planned.out) as SecurityPlanBody
  const names = plans.map(({ additions }) => additions.map(({ name }) => name))
  expect(names).toEqual(plans.map(() => ['eu.bills']))
  await cli([...APPLY, '--api', it.api])
  expect(regionOf(it, 'north').standing()).toContain('User:billing read topic eu.bills')
  regionOf(it, 'west').acls.topics.delete('eu.bills')
  const gone = await cli(['security', 'plan', '--remove', '--region', 'north', '--api', it.api])
  expect([gone.code, gone.out]).toEqual([0, expect.stringContaining('1 left standing')])
})

test('what differs is told by kind, with exit code 6', async () => {
  await using it = await startFakeControl()
  await cli([...APPLY, '--api', it.api])
  expect(await cli(['security', 'drift', '--api', it.api])).toMatchObject({
    code: 0,
    out: expect.stringContaining('Nothing differs.'),
  })
  const { acls } = regionOf(it, 'west')
  acls.take(entry({}))
  acls.put(entry({ host: '10.0.0.1' }), entry({ operation: 'delete' }))
  const drifted = await cli(['security', 'drift', '--region', 'west', '--api', it.api])
  expect(drifted.code).toBe(6)
  expect(drifted.out).toMatch(/changed +allow User:checkout WRITE/)
  expect(drifted.out).toMatch(/extra, foreign +allow User:checkout DELETE/)
})

test('users and quotas that a region lacks are planned, made and told of, and no password is shown', async () => {
  await using it = await startFakeControl()
  await cli([...APPLY, '--api', it.api])
  const quota = { principal: 'User:checkout', producerBytesPerSecond: 1_000_000 }
  const checkout = { name: 'User:checkout', auth: 'scram-sha-512' } as const
  const principals = [checkout, { ...checkout, name: 'User:billing' }]
  it.policies.declare({ principals, quotas: [quota] }, { 'User:checkout': secretFor('checkout') })
  const planned = await cli(['security', 'plan', '--region', 'east', '--api', it.api])
  expect(planned.code).toBe(6)
  expect(planned.out).toContain('+ user checkout of SCRAM-SHA-512, 8192 iterations')
  expect(planned.out).toContain(
    '= user billing of SCRAM-SHA-512 (it is not there, and the policy names no passwordFile',
  )
  expect(planned.out).toContain('+ producer_byte_rate 1000000 of user checkout')
  const applied = await cli([...APPLY, '--region', 'east', '--output', 'json', '--api', it.api])
  expect(JSON.parse(applied.out)).toMatchObject({ results: [{ added: 0, users: 1, quotas: 1, remaining: 0 }] })
  const east = it.policies.accounts.get(regionName('east'))
  expect(east?.users.get('checkout SCRAM-SHA-512')?.password).toBe(secretFor('checkout'))
  east?.putQuota('checkout', 'producer_byte_rate', 5)
  const drifted = await cli(['security', 'drift', '--region', 'east', '--api', it.api])
  expect(drifted.out).toMatch(/user +user billing of SCRAM-SHA-512: it is not there/)
  expect(drifted.out).toMatch(/quota +producer_byte_rate 1000000 of user checkout \(it is 5\)/)
  checkNoSecret(JSON.stringify([planned, applied, drifted]), 'what it prints')
})

test('a region that cannot be read is named, and the others are planned', async () => {
  await using it = await startFakeControl()
  regionOf(it, 'east').acls.hasAuthorizer = false
  const planned = await cli(['security', 'plan', '--api', it.api])
  expect(planned.code).toBe(6)
  expect(planned.out).toContain('Policy of orders in east: NOT LOOKED AT')
  expect(planned.out).toContain('Policy of orders in west, plan ')
})

test('an import asks for what stands, and leaves fences out', async () => {
  await using it = await startFakeControl()
  regionOf(it, 'east').acls.put(strange, fence)
  const args = ['security', 'import', '--region', 'east', '--owner', 'all', '--group', 'orders', '--api', it.api]
  const imported = await cli(args)
  expect(imported.code).toBe(0)
  expect(imported.out).toContain('owner: all\napplies:\n  failoverGroup: orders')
  expect(imported.out).toContain('principal: User:stranger')
  expect(imported.out).not.toContain('deny')
})

test('an import has users without passwords and quotas, and names what no policy can say', async () => {
  await using it = await startFakeControl()
  const checkout = { name: 'User:checkout', auth: 'scram-sha-512' } as const
  it.policies.declare({ principals: [checkout] }, { 'User:checkout': secretFor('checkout') })
  await cli([...APPLY, '--region', 'east', '--api', it.api])
  const east = it.policies.accounts.get(regionName('east'))
  east?.putQuota('checkout', 'producer_byte_rate', 5_000)
  east?.putQuota(null, 'connection_creation_rate', 7)
  const imported = await cli(['security', 'import', '--region', 'east', '--owner', 'all', '--api', it.api])
  expect(imported).toMatchObject({ code: 0, err: 'left out: connection_creation_rate 7 of user <default>\n' })
  expect(imported.out).toContain('  - name: User:checkout\n    auth: scram-sha-512\n    iterations: 8192\n')
  expect(imported.out).toContain('  - principal: User:checkout\n    producerBytesPerSecond: 5000\n')
  checkNoSecret(JSON.stringify(imported), 'what it prints')
})

test.each([
  ['an owner that there is not', ['security', 'plan', '--owner', 'nobody'], 2, 'POLICY_UNKNOWN'],
  ['a region that there is not', ['security', 'drift', '--region', 'nowhere'], 2, 'POLICY_REGION_UNKNOWN'],
  ['a file that is no plan', [...APPLY, '--plan', '/nowhere.json'], 2, 'CLI_PLAN_UNREADABLE'],
  ['no confirmation', APPLY.slice(0, -1), 3, 'CLI_APPLY_NOT_CONFIRMED'],
])('%s is refused', async (_what, args, code, fault) => {
  await using it = await startFakeControl()
  expect(await cli([...args, '--api', it.api])).toMatchObject({ code, err: expect.stringContaining(fault) })
})

test('only a process that leads applies', async () => {
  await using it = await startFakeControl()
  it.seen.hold = 'another controller leads'
  expect(await cli([...APPLY, '--api', it.api])).toMatchObject({ err: expect.stringContaining('NOT_LEADING') })
  expect(regionOf(it, 'west').standing()).toEqual([])
})

test('a probe tells what was found with its remedy, and exits with 6', async () => {
  await using it = await startFakeControl()
  regionOf(it, 'east').acls.hasAuthorizer = false
  const probed = await cli(['security', 'probe', '--region', 'east', '--api', it.api])
  expect(probed.code).toBe(6)
  expect(probed.out).toContain('CRITICAL  no-authorizer')
  expect(probed.out).toContain('what to do: Set authorizer.class.name')
  const ids = ['no-authorizer', 'could-not-probe'].flatMap((id) => ['--ignore', id])
  expect((await cli(['security', 'probe', '--region', 'east', ...ids, '--api', it.api])).code).toBe(0)
  const unknown = await cli(['security', 'probe', '--region', 'nowhere', '--api', it.api])
  expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('POLICY_REGION_UNKNOWN') })
})

test('the rights that a configuration will need are told before anything runs, as commands of Kafka', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'isthmus-rights-')), 'isthmus.yaml')
  const regions = 'regions: [{ name: eu, bootstrap: ["kafka.eu:9093"] }, { name: us, bootstrap: ["kafka.us:9093"] }]'
  const group = 'failoverGroups: [{ name: orders, regions: [eu, us], topics: { include: ["orders.*"] } }]'
  writeFileSync(file, `apiVersion: isthmus/v1\n${regions}\n${group}\n`)
  const rights = ['security', 'rights', '--config', file, '--kafka-acls', '--role', 'controller']
  const { code, out } = await cli(rights, { verbs: { rights: readLeastRights } })
  expect(code).toBe(0)
  const us = 'kafka-acls.sh --bootstrap-server kafka.us:9093 --command-config admin-us.properties --add'
  expect(out).toContain(
    `${us} --allow-principal 'User:isthmus' --cluster --operation Alter --operation DescribeConfigs`,
  )
})
