/** What an API server answered: an object, a list, or a `Status` that says what is wrong. */
export interface Answer {
  readonly status: number
  readonly body: unknown
}

interface Status {
  readonly code?: number
  readonly message?: string
  readonly details?: { readonly name?: string }
}

/** What was asked for is older than what the server remembers. */
export const GONE = 410

/** What an answer says about a request. */
export type Verdict =
  /** Done, or the object is not there, or it is not as expected. */
  | 'answered'
  /** Not done; it may work in a moment. */
  | 'later'
  /** Done or not. */
  | 'unknown'
  /** Not done, and no use in trying again. */
  | 'refused'

/**
 * By HTTP status. 429 comes from priority and fairness, before anything is done; 410 says that a list took too long to
 * read, and has to be begun anew. Servers answer 5xx for timeouts of etcd too, whose write may still be taken.
 */
export function judgeStatus(status: number): Verdict {
  if (status < 300 || status === 404 || status === 409) return 'answered'
  if (status === 429 || status === GONE) return 'later'
  return status >= 500 ? 'unknown' : 'refused'
}

export function readStatus(body: unknown): Status {
  return typeof body === 'object' && body !== null ? body : {}
}

/** The object itself is not there: 404 is also the answer where the namespace or the kind is missing. */
export function isAbsence({ status, body }: Answer, name: string | undefined): boolean {
  return status === 404 && name !== undefined && readStatus(body).details?.name === name
}
