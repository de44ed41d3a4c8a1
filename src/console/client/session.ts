/**
 * Who this tab is. A token is sent with each request as `Authorization`, never as a cookie: a browser adds nothing by
 * itself, so no other page can act with it. It is kept for this tab alone and is gone with it; the server keeps nothing,
 * so that any controller takes it, and a token that is revoked ends at once.
 */
const KEY = 'isthmus-token'

type Listener = () => void

let token: string | undefined = sessionStorage.getItem(KEY) ?? undefined
let isRefused = false
const listeners = new Set<Listener>()

export const session = {
  get token(): string | undefined {
    return token
  },
  /** True once the API asked for credentials, until there are some that it takes. */
  get isRefused(): boolean {
    return isRefused
  },
  open(given: string): void {
    token = given
    isRefused = false
    sessionStorage.setItem(KEY, given)
    tell()
  },
  close(): void {
    token = undefined
    isRefused = true
    sessionStorage.removeItem(KEY)
    tell()
  },
  /** The API has answered 401. */
  refuse(): void {
    if (isRefused) return
    isRefused = true
    tell()
  },
  onChange(listener: Listener): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}

function tell(): void {
  for (const listener of listeners) listener()
}
