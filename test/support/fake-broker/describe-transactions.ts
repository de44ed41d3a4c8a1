import { writeIndexesByTopic, writeInt64, writeStructs } from '../../../src/kafka/wire/codec.ts'
import { type FakeApi, NO_THROTTLE } from './api.ts'
import { ERRORS } from './errors.ts'

/** The state of each transactional id, with its partitions while the transaction is open. */
export const describeTransactions: FakeApi = {
  name: 'DescribeTransactions',
  version: 0,
  handle(state, request, answer) {
    const ids = request.readArray(() => request.readString(), true, false)
    answer.appendInt32(NO_THROTTLE)
    writeStructs(answer, ids, (_, id) => {
      const found = state.transactions.get(id)
      answer.appendInt16(found === undefined ? ERRORS.TRANSACTIONAL_ID_NOT_FOUND : 0).appendString(id)
      answer.appendString(found?.state ?? '').appendInt32(found?.timeoutMs ?? 0)
      writeInt64(answer, -1)
      answer.appendInt64(found?.producerId ?? 0n).appendInt16(found?.producerEpoch ?? 0)
      const places = [...(found?.partitions ?? [])].map((place) => place.split('/'))
      writeIndexesByTopic(
        answer,
        places.map(([topic = '', partition]) => ({ topic, partition: Number(partition) })),
      )
    })
    answer.appendTaggedFields()
  },
}
