import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { viewer } from './access/roles.ts'
import type { ClientsLook } from '../failover/index.ts'
import { ClientsBody, ProblemBody } from './contract/index.ts'
import type { Desks } from './desks.ts'

const problems = { '4xx': ProblemBody, '5xx': ProblemBody }
const Params = Type.Object({ group: Type.String({ maxLength: 63, description: 'Name of the failover group.' }) })

/** Who of the applications is in which region. */
export const clientRoutes: FastifyPluginCallbackTypebox<{ desks: Desks }> = (app, { desks }, done) => {
  app.get(
    '/failover-groups/:group/clients',
    {
      config: viewer,
      schema: {
        tags: ['failover'],
        summary: 'Who of the applications is in which region, looked up now',
        params: Params,
        response: { 200: ClientsBody, ...problems },
      },
    },
    async ({ params: { group } }) => {
      const { document } = await desks.find(group).desk.read(desks.signal)
      return viewClients(await desks.control.clients.look(document, desks.signal))
    },
  )
  done()
}

/** Pure. */
export function viewClients({ regions, quiet, ...look }: ClientsLook): ClientsBody {
  const isLate = (region: string, lastWriteMs: number) =>
    region !== look.active && look.movedAtMs !== null && lastWriteMs > look.movedAtMs
  return {
    ...look,
    regions: regions.map(({ groups, producers, ...region }) => ({
      ...region,
      groups: groups.map(({ members, ...group }) => ({ ...group, members: [...members] })),
      producers: producers.map(({ producerId, partitions, ...producer }) => ({
        ...producer,
        producerId: String(producerId),
        partitions: [...partitions],
        isAfterMove: isLate(region.region, producer.lastWriteMs),
      })),
    })),
    quiet: [...quiet],
  }
}
