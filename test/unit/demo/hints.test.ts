import { expect, test } from 'vitest'
import { type HintFacts, renderHints } from '../../../src/demo/hints.ts'

const regions = ['eu-west', 'us-east'].map((name) => ({ name, bootstrap: ['127.0.0.1:19092'] }))
const files = { configFile: '/tmp/demo/isthmus.yaml', clientFiles: new Map([['eu-west', '/tmp/demo/eu.properties']]) }

test('the story is suggested in its order, and the port only where it is not the usual one', () => {
  const facts = { regions, files } as unknown as HintFacts
  const usual = renderHints({ ...facts, address: 'http://127.0.0.1:8080', port: 8080 })
  const verbs = [...usual.matchAll(/^ {2,5}(?:\d\. )? *(?:node bin\/isthmus\.js|npm run demo --) (\w+)/gm)]
  expect(verbs.map(([, verb]) => verb).slice(-7)).toEqual([
    'switchover',
    'kill',
    'failover',
    'start',
    'divergence',
    'divergence',
    'failback',
  ])
  expect(usual).not.toMatch(/--api|--port/)
  const other = renderHints({ ...facts, address: 'http://127.0.0.1:9000', port: 9000 })
  expect(other.match(/--api http:\/\/127\.0\.0\.1:9000/g)).toHaveLength(10)
  expect(other.match(/--port 9000/g)).toHaveLength(2)
})
