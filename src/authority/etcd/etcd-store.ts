import { createInterface } from 'node:readline'
import { eitherSignal, invariant, isFault, type RetryContext } from '../../core/index.ts'
import {
  boundsOf,
  type Commit,
  type CommitOutcome,
  type Condition,
  type DocumentStore,
  type RangeQuery,
  type Snapshot,
  type StoredText,
} from '../document-store.ts'
import { authorityFaults } from '../faults.ts'
import type { KeyValue, RangeAnswer, TxnAnswer, WatchLine } from './answers.ts'
import { type EtcdConnection, EtcdGateway } from './gateway.ts'

export interface EtcdStoreOptions extends EtcdConnection {
  /** Before every key, for clusters that others use too. @defaultValue `/isthmus/` */
  readonly prefix?: string
  readonly context: Omit<RetryContext, 'signal'>
}

/** How long one watch is listened to, since a frozen member says nothing. What it says is only heard earlier. */
const WATCH_FOR_MS = 10_000

/** etcd v3: reads are linearizable, revisions are those of the whole cluster. */
export class EtcdStore implements DocumentStore {
  readonly backend = 'etcd'
  readonly where: string
  readonly #gateway: EtcdGateway
  readonly #prefix: string
  readonly #context: Omit<RetryContext, 'signal'>

  constructor(options: EtcdStoreOptions) {
    this.#gateway = new EtcdGateway(options, options.context)
    this.#prefix = options.prefix ?? '/isthmus/'
    this.#context = options.context
    this.where = this.#gateway.where
  }

  async get(key: string, signal: AbortSignal): Promise<StoredText | undefined> {
    const answer = await this.#gateway.read<RangeAnswer>('/v3/kv/range', { key: this.#encode(key) }, signal)
    return this.#documentsOf(answer)[0]
  }

  async range(query: RangeQuery, signal: AbortSignal): Promise<Snapshot> {
    const [from, to] = boundsOf(query)
    const body = {
      key: this.#encode(from),
      range_end: this.#encode(to),
      limit: String(query.limit),
      sort_target: 'KEY',
      sort_order: query.order === 'descending' ? 'DESCEND' : 'ASCEND',
    }
    const answer = await this.#gateway.read<RangeAnswer>('/v3/kv/range', body, signal)
    return { revision: readRevision(answer.header?.revision), documents: this.#documentsOf(answer) }
  }

  async commit({ conditions, puts = [], removals = [] }: Commit, signal: AbortSignal): Promise<CommitOutcome> {
    const body = {
      compare: conditions.flatMap((condition) => this.#compares(condition)),
      success: [
        ...puts.map(({ key, text }) => ({ request_put: { key: this.#encode(key), value: base64(text) } })),
        ...removals.map((key) => ({ request_delete_range: { key: this.#encode(key) } })),
      ],
      failure: conditions.map(({ key }) => ({ request_range: { key: this.#encode(key) } })),
    }
    const keys = conditions.map(({ key }) => key).join(', ')
    const answer = await this.#gateway.write<TxnAnswer>('/v3/kv/txn', body, keys, signal)
    if (answer.succeeded === true) return { kind: 'committed', revision: readRevision(answer.header?.revision) }
    const found = (answer.responses ?? []).flatMap(({ response_range: range }) => this.#documentsOf(range ?? {}))
    return { kind: 'refused', current: new Map(found.map((document) => [document.key, document])) }
  }

  async changed(prefix: string, afterRevision: number, signal: AbortSignal): Promise<void> {
    const [from, to] = boundsOf({ prefix, limit: 1 })
    const create = { key: this.#encode(from), range_end: this.#encode(to), start_revision: String(afterRevision + 1) }
    const stop = new AbortController()
    const either = eitherSignal(signal, stop.signal)
    const timer = this.#context.clock.setTimer(WATCH_FOR_MS, () => stop.abort())
    try {
      const answer = await this.#gateway.stream('/v3/watch', { create_request: create }, either.signal)
      for await (const line of createInterface({ input: answer, signal: either.signal })) {
        if (this.#isNews(JSON.parse(line) as WatchLine)) return
      }
      if (!stop.signal.aborted) throw this.#gateway.unreachable('it ended a watch')
    } catch (error) {
      if (stop.signal.aborted) return
      throw isFault(error) ? error : this.#gateway.unreachable('a watch broke off', error)
    } finally {
      timer.cancel()
      stop.abort()
      either.release()
    }
  }

  async close(): Promise<void> {
    this.#gateway.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** A compacted start means that something may have happened: the caller reads everything again. */
  #isNews({ result, error }: WatchLine): boolean {
    if (error !== undefined) throw this.#gateway.unreachable(error.message ?? 'it ended a watch')
    if (result?.canceled === true && Number(result.compact_revision ?? 0) === 0) {
      const reason = result.cancel_reason ?? 'it cancelled a watch'
      throw authorityFaults.fault('AUTHORITY_REFUSED', { where: this.where, reason })
    }
    return result?.canceled === true || (result?.events?.length ?? 0) > 0
  }

  #compares({ key, revision, text }: Condition): object[] {
    const encoded = this.#encode(key)
    const byRevision = { key: encoded, target: 'MOD', result: 'EQUAL', mod_revision: String(revision) }
    if (text === undefined) return [byRevision]
    return [byRevision, { key: encoded, target: 'VALUE', result: 'EQUAL', value: base64(text) }]
  }

  #documentsOf({ kvs = [] }: RangeAnswer): StoredText[] {
    return kvs.map((found) => this.#documentOf(found))
  }

  #documentOf({ key = '', value = '', mod_revision: revision }: KeyValue): StoredText {
    const name = Buffer.from(key, 'base64').toString('utf8')
    const text = Buffer.from(value, 'base64').toString('utf8')
    return { key: name.slice(this.#prefix.length), text, revision: readRevision(revision) }
  }

  #encode(key: string): string {
    return base64(this.#prefix + key)
  }
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}

function readRevision(text: string | undefined): number {
  const revision = Number(text)
  invariant(Number.isSafeInteger(revision), `etcd counts its revisions in safe integers, not ${text}`)
  return revision
}
