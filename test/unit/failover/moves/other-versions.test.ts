import { describe, expect, test } from 'vitest'
import { readGroupDocument } from '../../../../src/failover/read-document.ts'
import type { GroupDocument } from '../../../../src/failover/state.ts'
import { runScenario, type Scenario, threeRegions } from '../../../support/failover/machine-model.ts'

/** What a newer version has added to a document of the same format, and an older one does not know. */
const ADDED = { 'added-later': { by: 'a newer version' } }
const add = (document: GroupDocument): GroupDocument => {
  const { operation } = document
  return { ...document, ...ADDED, ...(operation && { operation: { ...operation, ...ADDED } }) }
}
const newer: Scenario['people'] = [{ when: ({ operation }) => operation?.phase === 'requested', does: add }]

describe('a document that a newer version of the same format has written', () => {
  test.each(['switchover', 'failback', 'failover'] as const)(
    'keeps through a %s what this one does not know',
    (kind) => {
      const ends = { phase: 'done', active: 'east', epoch: 2, writable: ['east'] } as const
      const { documents, broken, ended } = runScenario({ name: kind, start: { kind }, people: newer, ends })
      expect(broken).toEqual([])
      const after = documents.slice(documents.findIndex((document) => 'added-later' in document))
      expect(after.length).toBeGreaterThan(8)
      expect(after.filter((document) => !('added-later' in document))).toEqual([])
      expect(ended).toMatchObject({ phase: 'done', ...ADDED })
    },
  )
})

test('a document of another format is not read as if it were this one', () => {
  expect(readGroupDocument(threeRegions())).toEqual(threeRegions())
  const read = () => readGroupDocument({ ...threeRegions(), format: 2 })
  expect(read).toThrow('the record of group orders has format 2, and this version of Isthmus knows 1')
})
