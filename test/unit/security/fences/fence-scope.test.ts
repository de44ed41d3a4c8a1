import { expect, test } from 'vitest'
import { compileSelection } from '../../../../src/replication/index.ts'
import { type FenceScope, planNames } from '../../../../src/security/fences/fence-scope.ts'

function scope(include: string[], exclude: string[] = []): FenceScope {
  return { group: 'orders', include, exclude, isSelected: compileSelection({ include, exclude }) }
}

test('a beginning is fenced as a whole, whatever comes into being under it', () => {
  expect(planNames(scope(['orders.*']), ['orders.a', 'other'])).toEqual({ prefixes: ['orders.'], literals: [] })
})

test('names are fenced one by one, before they exist where they are known', () => {
  expect(planNames(scope(['orders', '/b.+/']), ['bills', 'other'])).toEqual({
    prefixes: [],
    literals: ['bills', 'orders'],
  })
})

test.each([
  ['a glob that ends otherwise', ['orders.*.eu'], []],
  ['everything', ['*'], []],
  ['an exclusion that lies inside', ['orders.*'], ['orders.tmp.*']],
  ['an exclusion that may reach inside', ['orders.*'], ['*.tmp']],
  ['an expression, which may exclude anything', ['orders.*'], ['/.*x/']],
  ['names that are taken only literally', ['h*'], []],
  ['names of MirrorMaker', ['mm2*'], []],
])('no prefix is used for %s', (_what, include, exclude) => {
  const names = planNames(scope(include, exclude), ['orders.a.eu', 'orders.a', 'hats', 'mm2x', 'orders.b.tmp'])
  expect(names.prefixes).toEqual([])
  expect(names.literals.length).toBeGreaterThan(0)
})

test('an exclusion elsewhere does not cost the prefix', () => {
  expect(planNames(scope(['orders.*', 'bills*'], ['shops.*', 'bills.tmp']), ['bills.a']).prefixes).toEqual(['orders.'])
})

test('a topic of others under the prefix costs the prefix', () => {
  const selection = scope(['orders.*'])
  const strict = {
    ...selection,
    isSelected: (topic: string) => topic !== 'orders.foreign' && selection.isSelected(topic),
  }
  expect(planNames(strict, ['orders.foreign', 'orders.a'])).toEqual({ prefixes: [], literals: ['orders.a'] })
})

test('a prefix inside another is left out', () => {
  expect(planNames(scope(['orders.*', 'orders.eu.*']), []).prefixes).toEqual(['orders.'])
})
