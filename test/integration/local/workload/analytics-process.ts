/** Runs one instance of the analytics until it is killed: a crash is only real in a process of its own. */
import { createWorkloadClient, SensorAnalytics } from '../../../../src/local/workload/index.ts'

const [bootstrap = ''] = process.argv.slice(2)
const analytics = new SensorAnalytics({ sessionTimeoutMs: 6_000 })
await analytics.start(createWorkloadClient(bootstrap.split(',')))
setInterval(() => process.stdout.write(`${JSON.stringify(analytics.stats)}\n`), 200)
