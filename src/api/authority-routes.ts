import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { viewer } from './access/roles.ts'
import type { RegionCopies } from '../authority/index.ts'
import { describeError, isFault } from '../core/index.ts'
import { AuthorityBody, ProblemBody } from './contract/index.ts'
import type { Desks } from './desks.ts'
import type { AuthorityView } from './ports.ts'

/** What says which region is active, and what the regions have of it. */
export const authorityRoutes: FastifyPluginCallbackTypebox<{ desks: Desks }> = (app, { desks }, done) => {
  app.get(
    '/authority',
    {
      config: viewer,
      schema: {
        tags: ['authority'],
        summary: 'Where the authority stands, who leads, and the copies in the regions',
        response: { 200: AuthorityBody, '4xx': ProblemBody, '5xx': ProblemBody },
      },
    },
    () => viewAuthority(desks.control.authority, desks.signal),
  )
  done()
}

/** Also of an authority that does not answer: what the regions have of it is asked for then above all. */
async function viewAuthority(view: AuthorityView, signal: AbortSignal): Promise<AuthorityBody> {
  const seen = await look(view, signal)
  const copies = view.copies().map(viewCopies)
  const { backend, where, fallsWith } = view
  return { backend, where, ...seen, leader: view.hold() ?? null, copies, fallsWith: [...fallsWith] }
}

function viewCopies({ region, behind, behindForMs, upToRevision, trouble, refused, strays }: RegionCopies) {
  return {
    region,
    behind,
    behindSeconds: behindForMs / 1_000,
    upToRevision,
    trouble: trouble ?? null,
    refused: [...refused],
    strays: [...strays],
  }
}

async function look(view: AuthorityView, signal: AbortSignal) {
  try {
    const { id, generation, revision, leases } = await view.overview(signal)
    const held = leases.map(({ name, holder, token }) => ({ name, holder, token }))
    return { answers: true, trouble: null, id, generation, revision, leases: held }
  } catch (error) {
    if (!isFault(error)) throw error
    const trouble = describeError(error)
    return { answers: false, trouble, id: null, generation: null, revision: null, leases: [] }
  }
}
