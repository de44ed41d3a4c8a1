import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { regionName, seededRandom, randomBelow, systemClock } from '../../../src/core/index.ts'
import type { AclBinding, AclOperation } from '../../../src/kafka/index.ts'
import { isAllowed } from '../../../src/security/authorizer-model.ts'
import { tryCanary } from '../../../src/security/fences/canary.ts'
import { firstPartition } from '../../../src/security/fences/prove-fence.ts'
import { settleAcls } from '../../../src/security/fences/settle-acls.ts'
import { DEFAULT_TIMINGS } from '../../../src/security/index.ts'
import { canRunKafka, testEngine } from '../../e2e/engine.ts'
import { makeTopics, type SecuredRegion, soon, startSecured } from './secured-region.ts'

const SETS = 30
const NAMES = ['orders', 'orders.eu', 'bills']
const PATTERNS: readonly Pick<AclBinding, 'name' | 'pattern'>[] = [
  ...NAMES.map((name) => ({ name, pattern: 'literal' as const })),
  { name: '*', pattern: 'literal' },
  { name: 'orders', pattern: 'prefixed' },
  { name: 'orders.', pattern: 'prefixed' },
  { name: 'b', pattern: 'prefixed' },
]
const OPERATIONS: readonly AclOperation[] = ['write', 'write', 'all', 'alter', 'read', 'describe', 'alter-configs']

testEngine()

describe.runIf(canRunKafka)('the model of the authorizer', () => {
  let setup: SecuredRegion
  beforeAll(async () => {
    setup = await startSecured({ name: 'model' })
    await makeTopics(setup.admin, NAMES)
  }, 120_000)
  afterAll(() => setup[Symbol.asyncDispose](), 30_000)

  test(`says of ${SETS} random sets of entries what a broker says of them`, async () => {
    const { admin, app } = setup
    const access = { region: regionName('eu'), cluster: admin, clock: systemClock, timings: DEFAULT_TIMINGS }
    const seed = Number(process.env.ISTHMUS_SEED ?? 5)
    const random = seededRandom(Number.isFinite(seed) ? seed : Date.now())
    const pick = <Item>(items: readonly Item[]): Item => items[randomBelow(random, items.length)] as Item
    const { topics } = await admin.metadata(NAMES, soon())
    const seen = { allowed: 0, denied: 0 }
    for (let set = 0; set < SETS; set++) {
      const bindings = Array.from({ length: 1 + randomBelow(random, 5) }, (): AclBinding => {
        const permission = pick(['allow', 'allow', 'allow', 'deny'] as const)
        const principal = pick(['User:app', 'User:app', 'User:*', 'User:isthmus'])
        return { resource: 'topic', ...pick(PATTERNS), principal, host: '*', operation: pick(OPERATIONS), permission }
      })
      const change = { group: 'model', bindings }
      await settleAcls(access, { ...change, want: 'present' }, soon())
      const written = await tryCanary(access, { cluster: app, nodeId: 1, topics: topics.map(firstPartition) }, soon())
      const described = await app.describeTopicConfigs(NAMES, soon())
      for (const name of NAMES) {
        const question = { principal: 'User:app', resource: 'topic' as const, name }
        const says = [
          isAllowed(bindings, { ...question, operation: 'write' }, { allowsWithoutAcl: false }),
          isAllowed(bindings, { ...question, operation: 'describe-configs' }, { allowsWithoutAcl: false }),
        ]
        const broker = [
          written.find(({ topic }) => topic === name)?.code !== 29,
          described.find(({ topic }) => topic === name)?.errorCode !== 29,
        ]
        expect(says, `${name} with ${JSON.stringify(bindings)}`).toEqual(broker)
        for (const allowed of broker) seen[allowed ? 'allowed' : 'denied']++
      }
      await settleAcls(access, { ...change, want: 'absent' }, soon())
    }
    expect(Math.min(seen.allowed, seen.denied)).toBeGreaterThan(SETS / 4)
  }, 90_000)
})
