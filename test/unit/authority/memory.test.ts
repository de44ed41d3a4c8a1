import { systemClock } from '../../../src/core/index.ts'
import { MemoryStore } from '../../../src/authority/index.ts'
import { describeDocuments } from '../../support/authority/document-cases.ts'
import { describeLeases } from '../../support/authority/lease-cases.ts'
import { describeWatches } from '../../support/authority/watch-cases.ts'

const store = new MemoryStore({ clock: systemClock })
const stage = { options: { kind: 'memory' as const, store } }

describeDocuments('memory', () => stage)
describeLeases('memory', () => stage)
describeWatches('memory', () => stage)
