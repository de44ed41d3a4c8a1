import { writeByTopic } from '../../../src/kafka/wire/codec.ts'
import { type FakeApi, NO_THROTTLE } from './api.ts'
import { ERRORS } from './errors.ts'
import { readTransaction } from './transactions.ts'

/** Begins the transaction with the first partition. An unknown partition is an error of its own, and adds none. */
export const addPartitionsToTxn: FakeApi = {
  name: 'AddPartitionsToTxn',
  version: 3,
  handle(state, request, answer) {
    const transaction = readTransaction(state, request)
    const asked = readIndexesByTopic(request)
    const unknown = asked.filter(({ topic, partition }) => state.partition(topic, partition) === undefined)
    if (typeof transaction !== 'number' && unknown.length === 0) {
      transaction.state = 'Ongoing'
      for (const { topic, partition } of asked) transaction.partitions.add(`${topic}/${partition}`)
    }
    answer.appendInt32(NO_THROTTLE)
    writeByTopic(answer, asked, (_, one) => {
      const refused = unknown.includes(one) ? ERRORS.UNKNOWN_TOPIC_OR_PARTITION : ERRORS.OPERATION_NOT_ATTEMPTED
      const code = unknown.length > 0 ? refused : 0
      answer.appendInt32(one.partition).appendInt16(typeof transaction === 'number' ? transaction : code)
    })
    answer.appendTaggedFields()
  },
}

function readIndexesByTopic(request: Parameters<FakeApi['handle']>[1]) {
  return request
    .readArray(() => {
      const topic = request.readString()
      return request.readArray(() => ({ topic, partition: request.readInt32() }), true, false)
    })
    .flat()
}
