import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { operatorLook, viewer } from './access/roles.ts'
import type { JournalEntry, JournalVerdict } from '../authority/index.ts'
import {
  JournalBody,
  type JournalEntryBody,
  JournalQuery,
  type JournalQuery as Query,
  JournalVerdictBody,
  ProblemBody,
  VerificationAnchor,
} from './contract/index.ts'
import type { Desks } from './desks.ts'
import { apiFaults } from './faults.ts'
import type { FailoverView } from './ports.ts'

const problems = { '4xx': ProblemBody, '5xx': ProblemBody }
const tags = ['journal']
const ENTRIES_A_PAGE = 100
const READ_AT_ONCE = 500
/** A filter that matches little ends its page behind so many reads, and the caller asks for the next one. */
const READS_A_PAGE = 10

/** What was done, decided and asked for, and whether anybody has changed it since. */
export const journalRoutes: FastifyPluginCallbackTypebox<{ desks: Desks }> = (app, { desks }, done) => {
  app.get(
    '/journal',
    {
      config: viewer,
      schema: {
        tags,
        summary: 'The journal, in pages',
        querystring: JournalQuery,
        response: { 200: JournalBody, ...problems },
      },
    },
    (request) => readPage(desks.control.journal, request.query, desks.signal),
  )
  app.post(
    '/journal/verification',
    {
      config: operatorLook,
      schema: {
        tags,
        summary: 'Check the chain of the whole journal',
        body: VerificationAnchor,
        response: { 200: JournalVerdictBody, ...problems },
      },
    },
    async ({ body: { number, hash } }) => {
      if ((number === undefined) !== (hash === undefined)) {
        throw apiFaults.fault('API_REQUEST_INVALID', { reason: 'give number and hash of an entry, or neither' })
      }
      const anchor = number === undefined || hash === undefined ? undefined : { number, hash }
      return viewVerdict(await desks.control.journal.verify(desks.signal, anchor))
    },
  )
  done()
}

async function readPage(journal: FailoverView['journal'], query: Query, signal: AbortSignal): Promise<JournalBody> {
  const { limit = ENTRIES_A_PAGE, order = 'ascending', group, operation } = query
  const isFiltered = group !== undefined || operation !== undefined
  const atOnce = isFiltered ? READ_AT_ONCE : limit
  const entries: JournalEntryBody[] = []
  let after = query.after
  for (let reads = 0; reads < READS_A_PAGE; reads++) {
    const read = await journal.read(signal, { limit: atOnce, order, ...(after !== undefined && { after }) })
    for (const entry of read) {
      after = entry.number
      if (group !== undefined && entry.group !== group) continue
      if (operation !== undefined && entry.operation !== operation) continue
      entries.push(viewEntry(entry))
      if (entries.length === limit) return { entries, next: after }
    }
    if (read.length < atOnce) return { entries, next: null }
  }
  return { entries, next: after ?? null }
}

function viewEntry(entry: JournalEntry): JournalEntryBody {
  const { number, generation, at, actor, kind, group, operation, facts, nonce, previousHash, hash } = entry
  return {
    number,
    generation,
    at,
    actor,
    kind,
    group: group ?? null,
    operation: operation ?? null,
    facts: { ...facts },
    nonce,
    previousHash,
    hash,
  }
}

function viewVerdict(verdict: JournalVerdict): JournalVerdictBody {
  if (verdict.kind === 'broken') {
    const { number, reason } = verdict
    return { verdict: 'broken', entries: null, first: null, head: null, brokenAt: number, reason }
  }
  const { entries, first, head } = verdict
  return { verdict: 'intact', entries, first: first ?? null, head: head ?? null, brokenAt: null, reason: null }
}
