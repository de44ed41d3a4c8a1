import { expect, test } from 'vitest'
import { explainUnusable, isClosed } from '../../../src/kubernetes/judge-client-policy.ts'

const BROKERS = { matchLabels: { app: 'kafka' } }
const INSIDE = { from: [{ podSelector: BROKERS }] }
const policy = (name: string, spec: object) => ({ metadata: { name }, spec })
const clients = policy('clients', { podSelector: BROKERS, ingress: [{ ports: [{ port: 9092 }] }] })

test.each([
  ['a policy of the same pods', policy('base', { podSelector: BROKERS, ingress: [INSIDE] })],
  ['one of all pods', policy('base', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] })],
])('clients are kept out where they are left to %s', (_what, other) => {
  expect(explainUnusable(clients, [clients, other])).toBeUndefined()
})

test.each([
  ['nothing else is there', []],
  ['another one is for other pods', [policy('other', { podSelector: { matchLabels: { app: 'web' } } })]],
  ['another one is for fewer pods', [policy('one', { podSelector: { matchLabels: { app: 'kafka', pod: 'b-1' } } })]],
  ['another one has an expression of its own', [policy('x', { podSelector: { matchExpressions: [{ key: 'a' }] } })]],
  ['another one is for egress', [policy('out', { podSelector: {}, policyTypes: ['Egress'] })]],
])('pods would admit everybody where %s', (_what, others) => {
  expect(explainUnusable(clients, [clients, ...others])).toContain('pods that no policy selects admit everybody')
})

test('expressions that both have are the same pods', () => {
  const matchExpressions = [{ key: 'app', operator: 'In', values: ['kafka'] }]
  const own = policy('clients', { podSelector: { matchExpressions } })
  const base = policy('base', { podSelector: { matchExpressions: [{ ...matchExpressions[0] }] }, ingress: [INSIDE] })
  expect(explainUnusable(own, [own, base])).toBeUndefined()
})

test('closing it changes nothing where another policy admits everybody', () => {
  const open = policy('open', { podSelector: {}, ingress: [{}] })
  expect(explainUnusable(clients, [clients, open])).toBe('open admits everybody to the same pods')
})

test('a policy for egress is no gate', () => {
  expect(explainUnusable(policy('out', { policyTypes: ['Egress'] }), [])).toBe('it is for egress only')
})

test('a policy is closed by the label in its selector alone', () => {
  expect(isClosed(clients)).toBe(false)
  const matchLabels = { app: 'kafka', 'isthmus.dev/gate': 'closed' }
  expect(isClosed(policy('clients', { podSelector: { matchLabels } }))).toBe(true)
  expect(isClosed({ metadata: { name: 'clients' }, spec: { podSelector: {} } })).toBe(false)
})
