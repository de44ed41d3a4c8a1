/**
 * What this machine has to run Kafka with: a Docker engine, or Java 17+ and Maven. And etcd and kube-apiserver, for tests only.
 *
 * Plain JavaScript without dependencies, because the launchers ask before anything is installed (Node 20 suffices).
 * Nothing here takes longer than about a second and a half, and nothing is installed, started or changed.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, constants, readFile, realpath } from 'node:fs/promises'
import { request } from 'node:http'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

const PROBE_TIMEOUT_MS = 1_200
const JAVA_MAJOR_MIN = 17

/** One command per system; Windows runs Isthmus inside WSL. */
export const remedies = {
  docker: [
    ['Debian, Ubuntu', 'sudo apt-get install -y docker.io && sudo usermod -aG docker $USER   # then log in again'],
    ['Fedora', 'sudo dnf install -y moby-engine && sudo systemctl enable --now docker'],
    ['macOS', 'brew install --cask docker && open -a Docker'],
    ['Windows', 'winget install Docker.DockerDesktop   # with its WSL integration, then work inside WSL'],
  ],
  jdk: [
    ['Debian, Ubuntu', 'sudo apt-get install -y default-jdk-headless maven'],
    ['Fedora', 'sudo dnf install -y java-latest-openjdk-headless maven'],
    ['macOS', 'brew install openjdk maven && export JAVA_HOME="$(brew --prefix openjdk)"'],
    ['Windows', 'wsl sudo apt-get install -y default-jdk-headless maven   # then work inside WSL'],
  ],
  etcd: [
    ['Debian, Ubuntu', 'sudo apt-get install -y etcd-server'],
    ['Fedora', 'sudo dnf install -y etcd'],
    ['macOS', 'brew install etcd'],
    ['Windows', 'wsl sudo apt-get install -y etcd-server   # then work inside WSL'],
  ],
  apiServer: [
    [
      'Debian, Ubuntu',
      'go run sigs.k8s.io/controller-runtime/tools/setup-envtest@latest use   # then set ISTHMUS_KUBE_APISERVER',
    ],
    [
      'Fedora',
      'go run sigs.k8s.io/controller-runtime/tools/setup-envtest@latest use   # then set ISTHMUS_KUBE_APISERVER',
    ],
    [
      'macOS',
      'go run sigs.k8s.io/controller-runtime/tools/setup-envtest@latest use   # then set ISTHMUS_KUBE_APISERVER',
    ],
    [
      'Windows',
      'wsl go run sigs.k8s.io/controller-runtime/tools/setup-envtest@latest use   # then set ISTHMUS_KUBE_APISERVER',
    ],
  ],
  kubernetes: [
    [
      'Debian, Ubuntu',
      'sudo snap install --classic helm kubectl kubeconform && sudo apt-get install -y etcd-server   # and kube-apiserver of kubernetes-server-linux-amd64.tar.gz',
    ],
    [
      'Fedora',
      'sudo dnf install -y helm kubernetes-client kubernetes-apiserver etcd && go install github.com/yannh/kubeconform/cmd/kubeconform@latest',
    ],
    [
      'macOS',
      'brew install helm kubectl kubeconform etcd && go install sigs.k8s.io/controller-runtime/tools/setup-envtest@latest',
    ],
    ['Windows', 'wsl sudo snap install --classic helm kubectl kubeconform   # then work inside WSL'],
  ],
  named: [
    ['Debian, Ubuntu', 'sudo apt-get install -y bind9'],
    ['Fedora', 'sudo dnf install -y bind'],
    ['macOS', 'brew install bind'],
    ['Windows', 'wsl sudo apt-get install -y bind9   # then work inside WSL'],
  ],
  promtool: [
    ['Debian, Ubuntu', 'sudo apt-get install -y --no-install-recommends prometheus'],
    ['Fedora', 'sudo dnf install -y golang-github-prometheus'],
    ['macOS', 'brew install prometheus'],
    ['Windows', 'wsl sudo apt-get install -y --no-install-recommends prometheus   # then work inside WSL'],
  ],
}

/** Looks for both engines at once. */
export async function findEngines(env = process.env) {
  const [docker, java, maven] = await Promise.all([findDocker(env), findJava(env), findMaven(env)])
  return { docker, java, maven }
}

/** The text for a machine that has neither; lines end without a newline at the end. */
export function explainMissing() {
  return [
    'No engine to run Kafka with: install Docker, or a JDK 17+ with Maven. One of the two is enough.',
    '',
    'Docker:',
    ...commandLines(remedies.docker),
    '',
    'or a JDK 17+ with Maven:',
    ...commandLines(remedies.jdk),
  ].join('\n')
}

/** One indented line a system. */
export function commandLines(commands) {
  return commands.map(([system, command]) => `  ${system.padEnd(16)}${command}`)
}

// ---- Docker -------------------------------------------------------------------------------------------------------

async function findDocker(env) {
  const endpoints = await dockerEndpoints(env)
  const failures = []
  for (const answer of await Promise.all(endpoints.map((endpoint) => pingDocker(endpoint, env)))) {
    if (answer.ok) return { found: true, endpoint: answer.endpoint, detail: `Docker answers at ${answer.endpoint}` }
    failures.push(`${answer.endpoint}: ${answer.reason}`)
  }
  return { found: false, endpoint: undefined, detail: `no Docker engine answers (${failures.join('; ')})` }
}

/** In the order in which Docker's own client would look, then where Docker Desktop and rootless engines listen. */
async function dockerEndpoints(env) {
  if (env.DOCKER_HOST) return [env.DOCKER_HOST]
  const home = homedir()
  const endpoints = [
    await contextEndpoint(env, home),
    'unix:///var/run/docker.sock',
    `unix://${join(home, '.docker/run/docker.sock')}`,
    `unix://${join(home, '.docker/desktop/docker.sock')}`,
    env.XDG_RUNTIME_DIR && `unix://${join(env.XDG_RUNTIME_DIR, 'docker.sock')}`,
  ]
  return [...new Set(endpoints.filter(Boolean))]
}

/** The endpoint of the current `docker context`, when one is set. */
async function contextEndpoint(env, home) {
  const configDir = env.DOCKER_CONFIG || join(home, '.docker')
  try {
    const config = JSON.parse(await readFile(join(configDir, 'config.json'), 'utf8'))
    const name = env.DOCKER_CONTEXT || config.currentContext
    if (!name || name === 'default') return undefined
    const id = createHash('sha256').update(name).digest('hex')
    const meta = JSON.parse(await readFile(join(configDir, 'contexts/meta', id, 'meta.json'), 'utf8'))
    return meta.Endpoints?.docker?.Host
  } catch {
    return undefined
  }
}

function pingDocker(endpoint, env) {
  const target = requestTarget(endpoint, env)
  if (target === 'unsupported') return Promise.resolve({ ok: false, endpoint, reason: 'unsupported kind of endpoint' })
  // Taken at its word: certificates are the client library's business.
  if (target === 'encrypted') return Promise.resolve({ ok: true, endpoint })
  return new Promise((resolve) => {
    const fail = (reason) => resolve({ ok: false, endpoint, reason })
    const ping = request({ ...target, path: '/_ping', timeout: PROBE_TIMEOUT_MS }, (response) => {
      response.resume()
      if (response.statusCode === 200) resolve({ ok: true, endpoint })
      else fail(`HTTP ${response.statusCode}`)
    })
    ping.on('timeout', () => ping.destroy(new Error(`no answer within ${PROBE_TIMEOUT_MS} ms`)))
    ping.on('error', (error) => fail(error.code === 'EACCES' ? 'permission denied' : error.code || error.message))
    ping.end()
  })
}

function requestTarget(endpoint, env) {
  if (endpoint.startsWith('unix://')) return { socketPath: endpoint.slice('unix://'.length) }
  if (!/^(tcp|https?):\/\//.test(endpoint)) return 'unsupported'
  if (env.DOCKER_TLS_VERIFY || endpoint.startsWith('https:')) return 'encrypted'
  const url = new URL(endpoint.replace(/^tcp:/, 'http:'))
  return { host: url.hostname, port: url.port || '2375' }
}

// ---- Java and Maven -----------------------------------------------------------------------------------------------

async function findJava(env) {
  const program = await findProgram('java', env.JAVA_HOME && join(env.JAVA_HOME, 'bin'), env)
  if (program === undefined) return { found: false, program, major: undefined, detail: 'no java on the PATH' }
  const major = (await releasedMajor(program)) ?? (await reportedMajor(program))
  if (major === undefined) return { found: false, program, major, detail: `${program} does not run` }
  const found = major >= JAVA_MAJOR_MIN
  const detail = found ? `Java ${major} at ${program}` : `${program} is Java ${major}, 17 or newer is needed`
  return { found, program, major, detail }
}

/** From the `release` file beside every JDK and JRE, which spares starting a JVM. */
async function releasedMajor(program) {
  try {
    const home = dirname(dirname(await realpath(program)))
    return parseMajor(/^JAVA_VERSION="([^"]+)"/m.exec(await readFile(join(home, 'release'), 'utf8'))?.[1])
  } catch {
    return undefined
  }
}

/** By asking: for wrappers such as version managers, and for macOS, whose /usr/bin/java may be an empty shell. */
function reportedMajor(program) {
  return new Promise((resolve) => {
    execFile(program, ['-version'], { timeout: PROBE_TIMEOUT_MS }, (error, stdout, stderr) => {
      resolve(error ? undefined : parseMajor(/version "([^"]+)"/.exec(stderr + stdout)?.[1]))
    })
  })
}

/** `17.0.15` is 17; `1.8.0_402` is 8. */
function parseMajor(version) {
  const [first, second] = (version ?? '').split(/[._-]/).map(Number)
  const major = first === 1 ? second : first
  return Number.isInteger(major) && major > 0 ? major : undefined
}

async function findMaven(env) {
  const program = await findProgram('mvn', env.MAVEN_HOME && join(env.MAVEN_HOME, 'bin'), env)
  if (program === undefined) return { found: false, program, detail: 'no mvn on the PATH' }
  return { found: true, program, detail: `Maven at ${program}` }
}

// ---- etcd and Kubernetes ------------------------------------------------------------------------------------------

/** The program named by ISTHMUS_ETCD, one that was built for tests, or the one on the PATH. */
export function findEtcd(env = process.env) {
  return findServer('etcd', env.ISTHMUS_ETCD, env)
}

/** The same by ISTHMUS_KUBE_APISERVER. It needs etcd beside it. */
export function findApiServer(env = process.env) {
  return findServer('kube-apiserver', env.ISTHMUS_KUBE_APISERVER, env)
}

async function findServer(name, given, env) {
  if (given) return { found: true, program: given, detail: `${name} at ${given}` }
  const built = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'isthmus', 'kube', 'bin')
  const program = await findProgram(name, built, env)
  if (program === undefined) return { found: false, program, detail: `no ${name} on the PATH, nor in ${built}` }
  return { found: true, program, detail: `${name} at ${program}` }
}

/** What the trials of the chart and of Kubernetes run: the programs by name, from the same folder or the PATH. */
export async function findKubernetesTools(env = process.env) {
  const built = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'isthmus', 'kube', 'bin')
  const servers = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok']
  const names = ['helm', 'kubectl', 'kubeconform', ...servers]
  const found = await Promise.all(names.map(async (name) => [name, await findProgram(name, built, env)]))
  const missing = found.filter(([, program]) => program === undefined).map(([name]) => name)
  const detail =
    missing.length > 0 ? `no ${missing.join(', ')} on the PATH, nor in ${built}` : `all in ${built} or on the PATH`
  return { found: missing.length === 0, programs: Object.fromEntries(found), detail }
}

// ---- BIND ---------------------------------------------------------------------------------------------------------

/** The name server for tests of routing; packages put it where only root's PATH leads. */
export async function findNamed(env = process.env) {
  const places = [env.PATH, '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin'].filter(Boolean).join(delimiter)
  const program = await findProgram('named', undefined, { PATH: places })
  if (program === undefined) return { found: false, program, detail: 'no named (BIND 9) on the PATH, nor in /usr/sbin' }
  return { found: true, program, detail: `named at ${program}` }
}

// ---- Prometheus ---------------------------------------------------------------------------------------------------

/** What evaluates rules, for the trial of alerts. */
export async function findPromtool(env = process.env) {
  const program = await findProgram('promtool', undefined, env)
  if (program === undefined) return { found: false, program, detail: 'no promtool (Prometheus) on the PATH' }
  return { found: true, program, detail: `promtool at ${program}` }
}

async function findProgram(name, firstDir, env) {
  for (const dir of [firstDir, ...(env.PATH ?? '').split(delimiter)]) {
    if (!dir) continue
    const program = join(dir, name)
    const runs = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (runs) return program
  }
  return undefined
}
