import { GROUPS } from '../local/index.ts'
import { GROUP_NAME } from './config-file.ts'
import { USUAL_PORT } from './options.ts'
import type { Stage } from './stage.ts'

const CLI = 'node bin/isthmus.js'
const DEMO = 'npm run demo --'

/** Only commands that work, to be typed in another terminal. */
export function renderHints({ address, port, files, regions, sensorPage }: HintFacts): string {
  const [home = '', standby = ''] = regions.map(({ name }) => name)
  const { configFile, clientFiles } = files
  const api = port === USUAL_PORT ? '' : ` --api ${address}`
  const at = port === USUAL_PORT ? '' : ` --port ${port}`
  const link = `${GROUP_NAME}-${home}-to-${standby}`
  const group = GROUPS.analytics
  return `
Look at it in a browser:
  ${address}/console/ shows Isthmus
  ${sensorPage}/ shows the sensor fleet: its windows and alerts, also while it moves
Look at it from another terminal, in this folder:
  ${CLI} status${api}
  ${CLI} lag --group ${group}${api}
  ${CLI} regions${api}
  ${CLI} offsets translate --link ${link} --group ${group}${api}
  ${CLI} offsets translate --link ${link} --topic sensors.readings --partition 0 --offset 100${api}
  ${CLI} check --config ${configFile} --online
  curl ${address}/api/v1/failover-groups/${GROUP_NAME}
  curl ${address}/metrics
Move it, in this order:
  1. ${CLI} switchover ${GROUP_NAME} --to ${standby} --reason "to see it" --wait${api}
  2. ${DEMO} kill ${standby} --held${at}
  3. ${CLI} failover ${GROUP_NAME} --to ${home} --reason "${standby} is lost" --accept-loss \\
       --attest "every broker of ${standby} is dead" --wait${api}
  4. ${DEMO} start ${standby}${at}
  5. ${CLI} divergence show ${GROUP_NAME} --region ${standby}${api}
     ${CLI} divergence export ${GROUP_NAME} --region ${standby} --reason "somebody may want them"${api}
  6. ${CLI} failback ${GROUP_NAME} --to ${standby} --reason "as before" --wait${api}
Kafka clients connect to ${regions.map(({ name, bootstrap }) => `${name} at ${bootstrap.join(',')}`).join(', ')}.
They log in with ${[...clientFiles.values()].join(', ')}: --command-config of Kafka's own tools.
The API is open to everyone on this machine, as only a demo should be.
Records in come from sensors and weather stations. COPIED counts what the analytics write as well.
Ctrl-C ends everything and leaves nothing behind.
`
}

export type HintFacts = Pick<Stage, 'address' | 'port' | 'files' | 'regions' | 'sensorPage'>
