import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { addVerdict, type CaseVerdict, NO_VERDICT, policyCases, runCase } from '../../../support/policy-model.ts'

const CASES = 100

test(`policies of ${CASES} random regions converge, touch nothing of others, and lock nobody out`, () => {
  // `trial acl-converge` tries ten thousand.
  let sum: CaseVerdict = NO_VERDICT
  fc.assert(
    fc.property(policyCases, (it) => {
      const verdict = runCase(it)
      sum = addVerdict(sum, verdict)
      expect(verdict).toMatchObject({ unsettled: 0, foreignTouched: 0, lockedOut: 0, needless: 0 })
    }),
    { numRuns: CASES },
  )
  // Enough of each, or nothing was tried.
  expect(sum.applied).toBeGreaterThan(CASES / 2)
  expect(sum.refused).toBeGreaterThan(CASES / 20)
  expect(sum.removals).toBeGreaterThan(CASES / 2)
})
