/**
 * What some tests need from the machine. Without any way to run Kafka whole groups of tests are left out; where one of
 * the two ways is missing, or etcd or kube-apiserver, the tests of that skip themselves and only the line is printed.
 */
import { existsSync, readFileSync } from 'node:fs'
import {
  findApiServer,
  findEngines,
  findEtcd,
  findKubernetesTools,
  findNamed,
  findPromtool,
  remedies,
} from './prerequisites.js'

/** [{ name, line }] of what is missing: `name` is what a part `needs`, `line` is for the reader. */
export async function findMissingRequirements() {
  const looks = [findEngines(), findEtcd(), findApiServer(), findKubernetesTools(), findNamed(), findPromtool()]
  const [engines, etcd, apiServer, kubernetes, named, promtool] = await Promise.all(looks)
  return [
    ...missingEngines(engines),
    ...missingEtcd(etcd),
    ...missingApiServer(apiServer),
    ...missingKubernetes(kubernetes),
    ...missingNamed(named),
    ...missingPromtool(promtool),
  ]
}

function missingPromtool({ found, detail }) {
  return found ? [] : [missing('promtool', 'the trial of alerts', [detail], [remedies.promtool])]
}

function missingNamed({ found, detail }) {
  return found ? [] : [missing('named', 'the trial of routing with a name server', [detail], [remedies.named])]
}

function missingKubernetes({ found, detail }) {
  return found
    ? []
    : [missing('kubernetes', 'the trials of the chart and of Kubernetes', [detail], [remedies.kubernetes])]
}

function missingEtcd({ found, detail }) {
  return found ? [] : [missing('etcd', 'tests of the authority on etcd', [detail], [remedies.etcd])]
}

function missingApiServer({ found, detail }) {
  return found ? [] : [missing('kube-apiserver', 'tests on Kubernetes', [detail], [remedies.apiServer])]
}

function missingEngines({ docker, java, maven }) {
  const jdkDetail = [java, maven].filter(({ found }) => !found).map(({ detail }) => detail)
  if (docker.found && jdkDetail.length === 0) return []
  if (docker.found) return [missing('jdk', 'tests of Kafka as local JVM processes', jdkDetail, [remedies.jdk])]
  if (jdkDetail.length === 0)
    return [missing('docker', 'tests of Kafka in containers', [docker.detail], [remedies.docker])]
  const details = [docker.detail, ...jdkDetail]
  return [missing('regions', 'tests and trials on real Kafka', details, [remedies.docker, remedies.jdk])]
}

function missing(name, group, details, ways) {
  const commands = ways.map((commandsOfWay) => `\`${commandOfThisSystem(commandsOfWay)}\``).join(' or ')
  return { name, line: `not run: ${group}: ${details.join('; ')}. Remedy: ${commands}` }
}

function commandOfThisSystem(commands) {
  const wanted = systemName()
  const [, command] = commands.find(([systems]) => systems.includes(wanted)) ?? commands[0]
  return command.replace(/\s+#.*$/, '')
}

function systemName() {
  if (process.platform === 'darwin') return 'macOS'
  if (process.platform === 'win32') return 'Windows'
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  return /^ID(_LIKE)?=.*(fedora|rhel)/m.test(release) ? 'Fedora' : 'Debian'
}
