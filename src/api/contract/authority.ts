import { Type } from 'typebox'
import { count, nullableInteger, nullableText, object, text } from './schema-kit.ts'

const LeaseBody = object(
  {
    name: text('Name of the lease.'),
    holder: text('Who took it last. Whether it is still there, only another taker finds out.'),
    token: count('Fencing token: grows with each holder.'),
  },
  'A lease.',
)

const CopiesBody = object(
  {
    region: text('Name of the region.'),
    behind: count('Documents whose newest state is not known to be there.'),
    behindSeconds: Type.Number({ minimum: 0, description: 'For how long some are; 0 where none is.' }),
    upToRevision: count('Highest revision that is known to be there.'),
    trouble: nullableText('Why nothing more is known; null where everything is.'),
    refused: Type.Array(
      object(
        { key: text('The document.'), why: Type.Enum(['newer', 'foreign']) },
        'A copy that is newer than the authority, or of another one.',
      ),
    ),
    strays: Type.Array(Type.String(), { description: 'Copies of documents that the authority does not have.' }),
  },
  'What a region has of the state.',
)

export const AuthorityBody = object(
  {
    backend: Type.Enum(['sqlite', 'etcd', 'kubernetes', 'memory']),
    where: text('Where it stands.'),
    answers: Type.Boolean({ description: 'Whether it has answered just now.' }),
    trouble: nullableText('Why it has not; null where it has.'),
    id: nullableText('Tells it from another authority of the same regions; null where it does not answer.'),
    generation: nullableInteger('1 for a new one, one more for each restoration; null where it does not answer.'),
    revision: nullableInteger('Grows with each write; null where it does not answer.'),
    leader: nullableText('Why the process that answers does not act; null where it does.'),
    leases: Type.Array(LeaseBody),
    copies: Type.Array(CopiesBody),
    fallsWith: Type.Array(Type.String(), { description: 'Regions whose loss would take it along, as configured.' }),
  },
  'The authority, as one of its controllers sees it.',
)
export type AuthorityBody = Type.Static<typeof AuthorityBody>
