import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import kafkajs from 'kafkajs'
import { systemClock } from '../../../src/core/index.ts'
import { createAuthority, type ExtraListener } from '../../../src/local/index.ts'
import { eventually } from '../isthmus-process.ts'
import { GROUP } from './names.ts'
import type { Scene } from './scene.ts'

/** Runbooks of what a policy declares: rights, and what listeners have to be like. */
const STRANGE = 'PARTNER'

/** A listener whose certificate comes from an authority that nobody knows; it says what that of the broker says. */
export async function strangeListener(): Promise<ExtraListener> {
  const authority = await createAuthority({ commonName: 'a stranger', now: new Date(systemClock.nowMs()) })
  const { certificate, privateKey } = await authority.issueCertificate({
    commonName: 'isthmus-broker',
    ips: ['127.0.0.1'],
  })
  const keystore = `${privateKey.trimEnd()}\n${certificate.trimEnd()}\n`
  return { name: STRANGE, protocol: 'SSL', keystore, config: { 'ssl.client.auth': 'required' } }
}

/** Rights that are declared are missing; then a listener is not what the policy asks for. */
export async function playPolicies(scene: Scene): Promise<void> {
  const { walker, folder } = scene
  const params = { region: 'beta' }
  const rights = { ...params, group: GROUP }
  await walker.expectRed('probe-finding', ['let-in', 'still-in'], { region: 'gamma' })
  writeFileSync(join(folder, 'policy.yaml'), renderPolicy())
  await scene.start({ policies: [join(folder, 'policy.yaml')] })
  await scene.untilVerdict('beta', (verdict) => verdict === 'up')
  await walker.expectRed('acl-drift', ['no-drift'], rights)
  await scene.does('security', 'apply', '--reason', 'trial', '--yes')
  await walker.walk('acl-drift', ['no-drift'], rights)

  await walker.expectRed('probe-finding', ['gone'], params)
  const blocks = ['let-in', 'found', 'mended', 'gone', 'still-in', 'journal']
  await walker.walk('probe-finding', blocks, params, () => replaceCertificate(scene))
  await scene.start({ policies: [] })
}

function renderPolicy(): string {
  return `apiVersion: isthmus/v1
kind: SecurityPolicy
owner: orders
applies: { failoverGroup: ${GROUP} }
baseline: { plaintext: refuse, tlsMin: "1.2", anonymous: refuse }
quotas:
  - { principal: User:billing, producerBytesPerSecond: 10485760 }
roles:
  - { principal: User:billing, consume: { topics: ["orders.*"], groups: ["readers-*"] } }
`
}

/** As `kafka-configs.sh` does it, while the broker runs: the listener takes the one that the others show. */
async function replaceCertificate(scene: Scene): Promise<void> {
  const beta = scene.regions.get('beta')
  const { signal } = scene.context
  const [broker] = (await beta.admin.metadata([], signal)).brokers
  const nodeId = broker?.nodeId ?? 1
  const settings = await beta.admin.describeBrokerConfigs(nodeId, signal)
  const value = settings.find(({ name }) => name === 'ssl.keystore.location')?.value ?? ''
  const admin = scene.kafka(beta).admin()
  await admin.connect()
  const configEntries = [{ name: `listener.name.${STRANGE.toLowerCase()}.ssl.keystore.location`, value }]
  const resources = [{ type: kafkajs.ConfigResourceTypes.BROKER, name: String(nodeId), configEntries }]
  await admin.alterConfigs({ validateOnly: false, resources })
  await admin.disconnect()
  const isShown = async () => {
    const { out } = await scene.walker.command(['security', 'probe', '--region', 'beta'], 'admin')
    return out.includes('certificate-untrusted') ? undefined : true
  }
  await eventually('the certificate is in use', isShown, { limitMs: 30_000, signal })
}
