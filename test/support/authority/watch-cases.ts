import { describe, expect, test } from 'vitest'
import type { StoredDocument } from '../../../src/authority/index.ts'
import { type AuthorityClient, type AuthorityStage, never, openClient } from './stage.ts'

/** Watches: what every backend has to keep. */
export function describeWatches(name: string, stageOf: () => AuthorityStage): void {
  const open = (): AuthorityClient => openClient(stageOf().options)

  describe(`${name}: watches`, () => {
    test('a watch begins with what is there, and hears of other clients', async () => {
      const [writer, reader] = [open().authority, open().authority]
      await writer.write('watch/a', { at: 0 }, { expected: 'absent' }, never)
      await using watch = new Watched(reader.watch('watch/', patience()))
      await watch.until((state) => state['watch/a'] === 0)
      await writer.write('watch/b', { at: 1 }, { expected: 'absent' }, never)
      await watch.until((state) => state['watch/b'] === 1)
      const read = await writer.read('watch/a', never)
      await writer.remove('watch/a', { expected: read?.revision ?? -1 }, never)
      await watch.until((state) => !('watch/a' in state))
      expect(watch.states.at(-1)).toEqual({ 'watch/b': 1 })
    })

    test('a watch of nothing says so, and of other prefixes nothing', async () => {
      const { authority } = open()
      await using watch = new Watched(authority.watch('quiet/', patience()))
      await watch.until((state) => Object.keys(state).length === 0)
      await authority.write('quieter', { at: 1 }, { expected: 'absent' }, never)
      await authority.write('quiet/a', { at: 1 }, { expected: 'absent' }, never)
      await watch.until((state) => state['quiet/a'] === 1)
      expect(watch.states).toEqual([{}, { 'quiet/a': 1 }])
    })

    test('under many writes a watch never goes back, and ends with the last one', async () => {
      const [writer, reader] = [open().authority, open().authority]
      await using watch = new Watched(reader.watch('many/', patience()))
      let expected: number | 'absent' = 'absent'
      for (let at = 0; at < 60; at++) {
        const written = await writer.write('many/a', { at }, { expected }, never)
        if (written.kind === 'written') expected = written.revision
      }
      await watch.until((state) => state['many/a'] === 59)
      const seen = watch.states.flatMap((state) => state['many/a'] ?? [])
      expect(seen).toEqual(seen.toSorted((left, right) => left - right))
    })

    test('a watch ends with its signal', async () => {
      const stop = new AbortController()
      const watch = open().authority.watch('end/', stop.signal)[Symbol.asyncIterator]()
      expect((await watch.next()).value).toEqual([])
      const next = watch.next()
      stop.abort()
      expect(await next).toEqual({ done: true, value: undefined })
    })
  })
}

function patience(): AbortSignal {
  return AbortSignal.timeout(30_000)
}

type State = Readonly<Record<string, number>>

/** Follows a watch, and remembers every state: the field `at` of each document. */
export class Watched implements AsyncDisposable {
  readonly states: State[] = []
  readonly #watch: AsyncIterator<readonly StoredDocument[]>

  constructor(watch: AsyncIterable<readonly StoredDocument[]>) {
    this.#watch = watch[Symbol.asyncIterator]()
  }

  async until(holds: (state: State) => boolean): Promise<void> {
    for (;;) {
      const next = await this.#watch.next()
      if (next.done === true) throw new Error(`the watch ended after ${JSON.stringify(this.states)}`)
      const state = Object.fromEntries(next.value.map(({ key, value }) => [key, (value as { at: number }).at]))
      this.states.push(state)
      if (holds(state)) return
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch.return?.()
  }
}
