import { expect, test } from 'vitest'
import { isAbsence, judgeStatus } from '../../../src/kubernetes/answers.ts'

test.each([
  [200, 'answered'],
  [201, 'answered'],
  [404, 'answered'],
  [409, 'answered'],
  [410, 'later'],
  [429, 'later'],
  [400, 'refused'],
  [401, 'refused'],
  [403, 'refused'],
  [413, 'refused'],
  [422, 'refused'],
  [500, 'unknown'],
  [503, 'unknown'],
  [504, 'unknown'],
])('status %i says that a request is %s', (status, verdict) => {
  expect(judgeStatus(status)).toBe(verdict)
})

test('an object that is absent is told from a namespace or a kind that is', () => {
  const absence = (name?: string) => ({ status: 404, body: { details: name === undefined ? {} : { name } } })
  expect(isAbsence(absence('isthmus'), 'isthmus')).toBe(true)
  expect(isAbsence(absence('kafka'), 'isthmus')).toBe(false)
  expect(isAbsence(absence(), 'isthmus')).toBe(false)
  expect(isAbsence(absence('kafka'), undefined)).toBe(false)
})
