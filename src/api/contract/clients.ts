import { Type } from 'typebox'
import { atMs, count, nullableInteger, nullableText, object, text } from './schema-kit.ts'

const ClientMemberBody = object(
  {
    clientId: text('What the client calls itself.'),
    host: text('Its address, as the broker sees it.'),
    partitions: count('Partitions of the failover group that it reads.'),
  },
  'A member of a consumer group.',
)

const GroupClientsBody = object(
  {
    group: text('Name of the consumer group.'),
    protocol: Type.Enum(['classic', 'consumer'], { description: 'The group protocol; `consumer` is that of KIP-848.' }),
    members: Type.Array(ClientMemberBody),
  },
  'A selected consumer group that reads topics of the failover group.',
)

const ProducerClientBody = object(
  {
    producerId: text('A string, because it may exceed 2^53.'),
    epoch: count('Epoch of the producer.'),
    transactionalId: nullableText('Null where it has none, or Isthmus may not describe it.'),
    partitions: Type.Array(Type.String(), { description: 'That it has written to, as `topic-partition`.' }),
    lastWriteMs: atMs("The producer's own time of its last batch."),
    isAfterMove: Type.Boolean({ description: 'True where that lies behind the move, in a region that is not active.' }),
  },
  'An application that has written, as the brokers remember it. They remember idempotent and transactional producers.',
)

export const ClientsBody = object(
  {
    group: text('Name of the failover group.'),
    atMs: atMs('When this was true.'),
    active: text('The region that is active.'),
    left: nullableText('The region that the last move has left; null where there was none.'),
    movedAtMs: nullableInteger('When that move was committed, milliseconds since 1970; null where there was none.'),
    regions: Type.Array(
      object(
        {
          region: text('Name of the region.'),
          role: Type.Enum(['active', 'standby', 'lost', 'returning', 'reseeding']),
          trouble: nullableText('Why not everything about it is known; null where it is.'),
          groups: Type.Array(GroupClientsBody, { description: 'Groups that have members there.' }),
          producers: Type.Array(ProducerClientBody, {
            description:
              'Who wrote there in the last ten minutes; in the region that was left, in the ten minutes before the move ' +
              'and since.',
          }),
        },
        'A region of the group.',
      ),
      { description: 'In their ranks.' },
    ),
    quiet: Type.Array(
      object(
        {
          topic: text('Name of the topic.'),
          partition: count('The partition.'),
          ratePerSecond: Type.Number({ description: 'Records a second before the move.' }),
        },
        'A partition that was written to before the move, and has not been since.',
      ),
      {
        description:
          'Told for an hour after a move, from the logs alone: this shows producers without an id, too, and those that ' +
          'are still refused by the region that was left.',
      },
    ),
  },
  'Where the clients of a failover group are.',
)
export type ClientsBody = Type.Static<typeof ClientsBody>
