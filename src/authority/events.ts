/** What the authority tells the rest. */
export type AuthorityEvents = {
  /** The first call that got no answer. */
  'authority:unreachable': { readonly where: string; readonly reason: string; readonly remedy: string }
  'authority:answers': { readonly where: string; readonly afterMs: number }
  /** A region's copy of the state is not what the authority holds. Told once until it has caught up. */
  'copies:behind': { readonly region: string; readonly documents: number; readonly reason: string }
  'copies:caught-up': { readonly region: string; readonly documents: number; readonly afterMs: number }
  /** A region's copy is newer than the authority, or of another one: it is not written over. */
  'copies:refused': {
    readonly region: string
    readonly key: string
    readonly why: 'newer' | 'foreign'
    readonly reason: string
    readonly remedy: string
  }
}
