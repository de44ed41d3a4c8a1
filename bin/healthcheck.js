/**
 * Whether Isthmus in this container is alive: exit code 0 where its API answers 200, else 1 and a sentence. The image has
 * no curl. ISTHMUS_HEALTH_URL says where the API listens, if not at its default; of a certificate nothing is checked,
 * since it is made out to the name that others use.
 */
import { get as getPlain } from 'node:http'
import { get as getTls } from 'node:https'

const TIMEOUT_MS = 4_000
const url = process.env.ISTHMUS_HEALTH_URL || 'http://127.0.0.1:8080/healthz'

const get = url.startsWith('https:') ? getTls : getPlain
const request = get(url, { timeout: TIMEOUT_MS, rejectUnauthorized: false }, (response) => {
  response.resume()
  if (response.statusCode !== 200) fail(`it answered ${response.statusCode}`)
})
request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)))
request.on('error', (error) => fail(error.message))

function fail(reason) {
  process.stderr.write(`${url}: ${reason}\n`)
  process.exit(1)
}
