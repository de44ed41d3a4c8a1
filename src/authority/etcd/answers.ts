/** What the gateway's answers look like: JSON of the protocol buffers, 64-bit integers as text, bytes as base64. */
export interface RangeAnswer {
  readonly header?: AnswerHeader
  readonly kvs?: readonly KeyValue[]
}

export interface TxnAnswer {
  readonly header?: AnswerHeader
  readonly succeeded?: boolean
  readonly responses?: readonly { readonly response_range?: RangeAnswer }[]
}

export interface WatchLine {
  readonly result?: {
    readonly events?: readonly unknown[]
    readonly canceled?: boolean
    readonly cancel_reason?: string
    readonly compact_revision?: string
  }
  readonly error?: { readonly message?: string }
}

export interface AnswerHeader {
  readonly cluster_id?: string
  readonly revision?: string
}

export interface KeyValue {
  readonly key?: string
  readonly value?: string
  readonly mod_revision?: string
}

export interface ErrorAnswer {
  /** Of gRPC. */
  readonly code?: number
  readonly message?: string
}

/** What an error answer says about a request. */
export type Verdict =
  /** Not done, and no use in trying again. */
  | 'refused'
  /** Not done; it may work in a moment. */
  | 'later'
  /** Not done, because the token of the login is no longer good. */
  | 'log-in-again'
  /** Done or not. */
  | 'unknown'

const INVALID_ARGUMENT = 3
const PERMISSION_DENIED = 7
const RESOURCE_EXHAUSTED = 8
const FAILED_PRECONDITION = 9
const OUT_OF_RANGE = 11
const UNAUTHENTICATED = 16

/**
 * By code, and where a code has several meanings by the texts of etcd's api/v3rpc/rpctypes/error.go. Whatever is not
 * listed may have been applied, timeouts and changes of the leader among them.
 */
export function judgeError({ code, message = '' }: ErrorAnswer, httpStatus: number): Verdict {
  if (message.includes('no leader') || message.includes('too many requests')) return 'later'
  if (code === UNAUTHENTICATED || message.includes('revision of auth store is old')) return 'log-in-again'
  // Without a code it never came as far as the store: a gateway that is switched off, a certificate it does not take.
  if (code === undefined && httpStatus >= 400 && httpStatus < 500) return 'refused'
  const definite = [INVALID_ARGUMENT, PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, OUT_OF_RANGE]
  return definite.some((known) => known === code) ? 'refused' : 'unknown'
}
