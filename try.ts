import { writeFileSync, mkdtempSync } from 'node:fs'
import { spawn, execFileSync } from 'node:child_process'
import { startRegion } from './src/local/index.ts'
import kafkajs from 'kafkajs'
const { Kafka, logLevel, AclResourceTypes, AclOperationTypes, AclPermissionTypes, ResourcePatternTypes, Partitioners } = kafkajs
const names = process.argv[2] === '3' ? ['west', 'east', 'north'] : ['west', 'east']
const t0 = Date.now()
const regions = await Promise.all(names.map((name) => startRegion({ name, brokers: 1, secured: true, engine: 'jvm', brokerConfig: { 'super.users': 'User:admin;User:isthmus;User:CN=isthmus-broker;User:CN=isthmus-admin' } })))
console.log('regions', Date.now() - t0)
const folder = mkdtempSync('/tmp/try/')
const client = (r: any, u: any) => new Kafka({ clientId: u.username, brokers: [...r.bootstrap], ssl: { ca: [r.security.tls.ca] }, sasl: { mechanism: 'scram-sha-512', username: u.username, password: u.password }, logLevel: logLevel.NOTHING, retry: { retries: 2 } })
for (const r of regions) {
  writeFileSync(`${folder}/${r.name}.ca`, r.security!.tls.ca)
  const admin = client(r, r.security!.admin).admin(); await admin.connect()
  const acl = (resourceType: number, resourceName: string, operation: number, principal = 'User:app') => ({ resourceType, resourceName, resourcePatternType: ResourcePatternTypes.PREFIXED, principal, host: '*', operation, permissionType: AclPermissionTypes.ALLOW })
  await admin.createAcls({ acl: [acl(AclResourceTypes.TOPIC, 'orders.', AclOperationTypes.ALL), acl(AclResourceTypes.GROUP, 'g', AclOperationTypes.ALL), acl(AclResourceTypes.TRANSACTIONAL_ID, 't', AclOperationTypes.ALL)] })
  if (r === regions[0]) await admin.createTopics({ topics: [{ topic: 'orders.a', numPartitions: 3 }, { topic: 'orders.b', numPartitions: 2 }] })
  await admin.disconnect()
}
const users = regions[0]!.security!
const u = (name: string) => users.users.find((x) => x.username === name)!
writeFileSync(`${folder}/isthmus.pw`, u('isthmus').password); writeFileSync(`${folder}/app.pw`, u('app').password)
writeFileSync(`${folder}/isthmus.yaml`, `apiVersion: isthmus/v1
regions:
${regions.map((r) => `  - name: ${r.name}
    bootstrap: [${r.bootstrap.join(', ')}]
    tls: { caFile: ${r.name}.ca }
    sasl: { mechanism: scram-sha-512, username: isthmus, passwordFile: isthmus.pw }
    canary: { sasl: { mechanism: scram-sha-512, username: app, passwordFile: app.pw } }
`).join('')}failoverGroups:
  - name: orders
    regions: [${names.join(', ')}]
    topics: { include: ["orders.*"] }
    failover: { cooldownSeconds: 0 }
api: { listen: "127.0.0.1:18080" }
`)
const child = spawn(process.execPath, ['src/main.ts', 'run', '--config', `${folder}/isthmus.yaml`], { stdio: ['ignore', 'pipe', 'inherit'] })
const { createWriteStream } = await import('node:fs')
child.stdout.pipe(createWriteStream('/tmp/try/log'))
console.log(folder)
let active = 'west', stop = false, sent = 0
const lastOk = new Map<string, number>(), errs: string[] = []
const writer = (async () => {
  while (!stop) {
    const r = regions.find((x) => x.name === active)!
    const me = active
    const p = client(r, u('app')).producer({ createPartitioner: Partitioners.DefaultPartitioner, retry: { retries: 0 } })
    try { await p.connect()
      while (!stop && active === me) { await p.send({ topic: 'orders.a', messages: [{ key: `k${sent % 10}`, value: `v${sent}` }], acks: -1 }); sent++; if (!lastOk.has(`first-${me}`)) { lastOk.set(`first-${me}`, Date.now()) } lastOk.set(me, Date.now()); await new Promise((s) => setTimeout(s, 20)) }
    } catch (e: any) { errs.push(`${me}: ${e.message}`) }
    await p.disconnect().catch(() => undefined)
    await new Promise((s) => setTimeout(s, 50))
  }
})()
process.on('SIGTERM', () => { stop = true })
const poll = async () => { try { const g = await (await fetch('http://127.0.0.1:18080/api/v1/failover-groups/orders')).json() as any; if (g.operation && ['promoting','opening','needs-operator'].includes(g.operation.phase)) return; if (g.active && g.active !== active) { console.log('active', g.active, new Date().toISOString()); lastOk.delete(`first-${g.active}`); active = g.active } } catch {} }
const until = Date.now() + Number(process.env.SECS ?? 600) * 1000
while (!stop && Date.now() < until) { await poll(); await new Promise((s) => setTimeout(s, 100)); if (process.env.V && Date.now() % 5000 < 100) console.log(sent, [...lastOk], errs.slice(-1)) }
stop = true; await writer
child.kill('SIGTERM'); await new Promise((s) => child.once('exit', s))
await Promise.all(regions.map((r) => r.stop()))
