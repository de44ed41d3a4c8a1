import { expect, test } from 'vitest'
import { judgeError } from '../../../../src/authority/etcd/answers.ts'

test.each([
  [400, 3, 'etcdserver: request is too large', 'refused'],
  [403, 7, 'etcdserver: permission denied', 'refused'],
  [429, 8, 'etcdserver: mvcc: database space exceeded', 'refused'],
  [429, 8, 'etcdserver: too many requests', 'later'],
  [503, 14, 'etcdserver: no leader', 'later'],
  [401, 16, 'etcdserver: invalid auth token', 'log-in-again'],
  [400, 3, 'etcdserver: revision of auth store is old', 'log-in-again'],
  [503, 14, 'etcdserver: request timed out', 'unknown'],
  [503, 14, 'etcdserver: leader changed', 'unknown'],
  [503, 14, 'etcdserver: server stopped', 'unknown'],
  [504, 4, 'context deadline exceeded', 'unknown'],
  [500, 2, 'something else', 'unknown'],
  [404, undefined, '404 page not found', 'refused'],
  [502, undefined, 'bad gateway', 'unknown'],
] as const)('status %i with code %s (%s) means %s', (status, code, message, verdict) => {
  expect(judgeError({ ...(code !== undefined && { code }), message }, status)).toBe(verdict)
})
