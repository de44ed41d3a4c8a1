import { array, assert, nat, property } from 'fast-check'
import { expect, test } from 'vitest'
import { SseParser } from '../../../src/console/client/sse-frames.ts'

const STREAM =
  'retry: 3000\nid: a-0\n\n: alive\nid: a-0\n\nid: a-1\nevent: fence:lost\ndata: {"x":1}\n\nevent: end\ndata: {}\n\n'

test('frames are the same, however the stream was cut', () => {
  const whole = new SseParser().push(STREAM)
  expect(whole.map(({ event, id, data }) => [event, id, data])).toEqual([
    ['message', 'a-0', null],
    ['message', 'a-0', null],
    ['fence:lost', 'a-1', '{"x":1}'],
    ['end', undefined, '{}'],
  ])
  assert(
    property(array(nat({ max: STREAM.length })), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), STREAM.length]
      const parser = new SseParser()
      const frames = places.slice(1).flatMap((end, at) => parser.push(STREAM.slice(places[at], end)))
      expect(frames).toEqual(whole)
    }),
  )
})

test('a frame that is not finished is kept for later', () => {
  const parser = new SseParser()
  expect(parser.push('event: a\ndata: 1\n')).toEqual([])
  expect(parser.push('\n')).toEqual([{ event: 'a', data: '1', id: undefined }])
})
