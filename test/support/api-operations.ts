import type { FastifyInstance, InjectOptions } from 'fastify'
import type { startFakeControl } from './fake-control.ts'

/** An operation of the OpenAPI document, with a path that can be asked for. */
export interface ApiOperation {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  /** Null where the document names none. */
  readonly role: string | null
  /** Whether its answer never ends. */
  readonly isStream: boolean
  /** JSON Schema. */
  readonly body: { readonly properties?: object } | undefined
}

/** What there is in `startFakeControl`; whatever else a path names is `x`. */
const PLACES: Readonly<Record<string, string>> = {
  group: 'orders',
  region: 'east',
  link: 'orders-west-to-east',
  id: 'orders-0123456789abcdef',
}

interface Described {
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
  readonly responses: object
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: object }>> }
}

export function listOperations(http: FastifyInstance): readonly ApiOperation[] {
  const paths = Object.entries(http.swagger().paths ?? {})
  return paths.flatMap(([path, methods]) =>
    Object.entries((methods ?? {}) as Record<string, Described>).map(
      ([method, { security, requestBody, responses }]) => ({
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase() as ApiOperation['method'],
        url: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => PLACES[name] ?? 'x'),
        role: security === undefined ? null : (security[0]?.['bearer']?.[0] ?? 'anyone'),
        isStream: JSON.stringify(responses).includes('text/event-stream'),
        body: requestBody?.content?.['application/json']?.schema,
      }),
    ),
  )
}

/** A request without a socket. */
export async function inject(http: FastifyInstance, { method, url }: ApiOperation, given: Omit<InjectOptions, 'url'>) {
  const answer = await http.inject({ method, url, ...given, headers: { host: '127.0.0.1', ...given.headers } })
  return { status: answer.statusCode, body: answer.body }
}

type Control = Awaited<ReturnType<typeof startFakeControl>>

/** Everything that a request could have changed, but for the journal. */
export function stateOf({ authority, replicator, paused, fenced }: Control): string {
  const acls = [...fenced].map(([name, { acls: region }]) => [name, region.bindings, region.calls.length])
  return JSON.stringify([[...authority.documents], replicator.calls, [...paused], acls])
}
