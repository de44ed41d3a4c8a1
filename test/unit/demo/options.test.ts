import { expect, test } from 'vitest'
import { parseRequest } from '../../../src/demo/options.ts'

test('without arguments two regions run until they are interrupted', () => {
  const options = { regions: 2, engine: 'auto', ratePerSecond: 200, seconds: 0, port: undefined, isTour: false }
  expect(parseRequest([])).toEqual({ kind: 'stage', options })
})

test('a region of the demo on the usual port is killed and started', () => {
  const order = { verb: 'kill', region: 'us-east', isHeld: true }
  expect(parseRequest(['kill', 'us-east', '--held'])).toEqual({ kind: 'order', order, port: 8080 })
  expect(parseRequest(['start', 'us-east', '--port', '9000'])).toMatchObject({ order: { verb: 'start' }, port: 9000 })
})

test.each([
  { args: ['stop', 'us-east'], why: 'stop: there are the commands kill and start' },
  { args: ['kill'], why: 'kill: give one region' },
  { args: ['kill', 'us-east', 'eu-west'], why: 'kill: give one region' },
  { args: ['start', 'us-east', '--held'], why: '--held belongs to kill' },
  { args: ['--held'], why: '--held belongs to kill' },
  { args: ['--regions', '4'], why: '--regions 4: give a whole number from 2 to 3' },
  { args: ['--engine', 'vm'], why: '--engine vm: give auto, container or jvm' },
])('$args is refused with the reason and the usage', ({ args, why }) => {
  const request = parseRequest(args)
  expect(request.kind).toBe('refused')
  expect(request).toMatchObject({ text: expect.stringContaining(`isthmus demo: ${why}\n\nusage: npm run demo`) })
})
