/**
 * What a caller may do. Each role includes those before it. A route declares the role it needs beside its schema, as
 * `config: operator`; one that declares none needs `admin`, and a test names it.
 */
export const ROLES = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** What a route may need. `anyone`: no credentials are looked at. */
export type Needed = Role | 'anyone'

/** For orchestrators, which have no credentials. */
export const anyone = { role: 'anyone' } as const
/** Sees everything, changes nothing. */
export const viewer = { role: 'viewer' } as const
/** Runs the place: plans and moves, drills, pauses, verifications, acknowledgements. */
export const operator = { role: 'operator' } as const
/** A request with a body that only looks, and makes the process look at the regions. */
export const operatorLook = { role: 'operator', changesNothing: true } as const
/** Also what destroys data or takes a protection away. */
export const admin = { role: 'admin' } as const

export function includesRole(has: Role, needed: Role): boolean {
  return ROLES.indexOf(has) >= ROLES.indexOf(needed)
}

/** The highest of them; undefined where there is none. */
export function highestRole(roles: Iterable<Role>): Role | undefined {
  const held = new Set(roles)
  return ROLES.findLast((role) => held.has(role))
}

/** Who a request comes from. */
export interface Caller {
  /** As the journal names it, such as `token:ci`, `oidc:ada`, `certificate:CN=ada`, `anonymous`. */
  readonly name: string
  readonly role: Role
  readonly means: 'token' | 'oidc' | 'certificate' | 'none'
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** @defaultValue admin */
    role?: Needed
    /** True of a POST that needs no entry in the journal. @defaultValue false */
    changesNothing?: boolean
  }
  interface FastifyRequest {
    /** Null where nobody may be, or nobody was asked for. */
    caller: Caller | null
    /** Who the body says that it comes from, where the credentials say something else. */
    claim: string | null
    /** Code of the fault that it was answered with. */
    fault: string | null
  }
}
