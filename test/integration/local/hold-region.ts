/** Starts a region, says where, and holds it until killed: the session that dies in the tests of the guard. */
import { startRegion } from '../../../src/local/index.ts'

const engine = process.argv[2] === 'container' ? 'container' : 'jvm'
const region = await startRegion({ name: 'guarded', engine })
process.stdout.write(`${JSON.stringify({ bootstrap: region.bootstrap, logDir: region.logDir })}\n`)
setInterval(() => undefined, 60_000)
