/**
 * Where the console is: `#/flows?link=a&search=b`. Behind the hash, because the server then has one page to serve, under
 * whatever path a proxy gives it. Pure.
 */
export interface Route {
  /** Parts of the path, such as `['operations', 'orders', 'orders-1']`; none is the overview. */
  readonly path: readonly string[]
  readonly query: Readonly<Record<string, string>>
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?')
  return {
    path: path.split('/').filter(Boolean).map(decode),
    query: Object.fromEntries(new URLSearchParams(query)),
  }
}

export function linkTo(path: readonly string[], query: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '')
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`
  return `#/${path.map(encodeURIComponent).join('/')}${search}`
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // What somebody typed by hand: it names nothing, and the page says so.
    return part
  }
}
