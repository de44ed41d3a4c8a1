import { describe, expect, it } from 'vitest'
import type { FetchPartition } from '../../../../src/kafka/index.ts'
import { FetchSession } from '../../../../src/replication/flows/fetch-session.ts'

const ok = (sessionId: number) => ({ errorCode: 0, sessionId })

function place(partition: number, fetchOffset = 0): FetchPartition {
  return { topicId: 'id', partition, currentLeaderEpoch: -1, fetchOffset, lastFetchedEpoch: -1, maxBytes: 1 }
}

function sessionOf(...partitions: number[]): FetchSession<FetchPartition> {
  const session = new FetchSession<FetchPartition>()
  for (const partition of partitions) session.put(place(partition))
  return session
}

/** One that the broker has granted. */
function granted(...partitions: number[]): FetchSession<FetchPartition> {
  const session = sessionOf(...partitions)
  session.next()
  session.settle(ok(9))
  return session
}

const asked = (session: FetchSession<FetchPartition>) => {
  const { partitions, session: step } = session.next()
  return {
    ...step,
    asked: partitions.map(({ partition }) => partition),
    forgotten: step.forgotten.map(({ partition }) => partition),
  }
}

describe('a fetch session', () => {
  it('begins with everything, and then names only what has changed', () => {
    const session = sessionOf(0, 1, 2)
    expect(asked(session)).toEqual({ id: 0, epoch: 0, asked: [0, 1, 2], forgotten: [] })
    expect(session.settle(ok(9))).toBe(true)
    expect(asked(session)).toEqual({ id: 9, epoch: 1, asked: [], forgotten: [] })
    session.settle(ok(9))
    session.put(place(1, 50))
    session.drop(place(2))
    expect(asked(session)).toEqual({ id: 9, epoch: 2, asked: [1], forgotten: [2] })
    session.settle(ok(9))
    expect(asked(session)).toEqual({ id: 9, epoch: 3, asked: [], forgotten: [] })
    expect(session.size).toBe(2)
    expect(session.get(place(1))?.fetchOffset).toBe(50)
  })

  it('does not name a partition as changed and as forgotten at once', () => {
    const session = granted(0, 1)
    session.drop(place(0))
    expect(session.put(place(0, 7))).toBe(true)
    expect(session.put(place(1, 7))).toBe(false)
    session.drop(place(1))
    expect(asked(session)).toMatchObject({ asked: [0], forgotten: [1] })
  })

  it('keeps for the next request what changes while an answer is awaited', () => {
    const session = granted(0)
    session.next()
    session.drop(place(0))
    session.settle(ok(9))
    expect(asked(session)).toMatchObject({ epoch: 2, forgotten: [0] })
  })

  it('goes on with full requests, in turns, where the broker has no room for a session', () => {
    const session = sessionOf(0, 1, 2)
    for (let turn = 0; turn < 4; turn++) {
      const { id, epoch, asked: partitions } = asked(session)
      expect({ id, epoch, first: partitions[0], count: partitions.length }).toEqual({
        id: 0,
        epoch: 0,
        first: turn % 3,
        count: 3,
      })
      expect(session.settle(ok(0))).toBe(true)
      session.put(place(partitions[0] ?? -1, turn))
    }
  })

  it.each([
    { name: 'FETCH_SESSION_ID_NOT_FOUND', errorCode: 70, id: 0 },
    { name: 'INVALID_FETCH_SESSION_EPOCH', errorCode: 71, id: 9 },
    { name: 'INCONSISTENT_TOPIC_ID', errorCode: 103, id: 9 },
    { name: 'FETCH_SESSION_TOPIC_ID_ERROR', errorCode: 106, id: 9 },
  ])('begins another after $name', ({ errorCode, id }) => {
    const session = granted(0, 1)
    session.put(place(0, 5))
    session.next()
    expect(session.settle({ errorCode, sessionId: 0 })).toBe(false)
    expect(asked(session)).toEqual({ id, epoch: 0, asked: [1, 0], forgotten: [] })
    session.settle(ok(10))
    expect(asked(session)).toMatchObject({ id: 10, epoch: 1, asked: [] })
  })

  it('begins another, and ends the old one, when an answer was missed', () => {
    const session = granted(0, 1)
    session.drop(place(0))
    session.next()
    session.lose()
    expect(asked(session)).toEqual({ id: 9, epoch: 0, asked: [1], forgotten: [] })
  })

  it('begins another when the broker has closed it', () => {
    const session = granted(0)
    session.next()
    session.settle(ok(0))
    expect(asked(session)).toEqual({ id: 0, epoch: 0, asked: [0], forgotten: [] })
  })
})
