import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { formatProblem, parseConfig } from '../../src/config/index.ts'
import { CHART, ChartStage, type KubeObject, objectsOf, podsOf, readBase, ROOT } from '../support/chart/chart-stage.ts'
import { CHANGES, MISTAKES, type Rendering, RENDERINGS } from '../support/chart/renderings.ts'
import type { Trial, TrialContext } from '../support/trial.ts'
import { TrialFolder } from '../support/trial-folder.ts'

/**
 * The chart and the plain manifests, judged by helm, by a real API server with the restricted pod security admission, and
 * by kubeconform with that server's own schemas; then installed, changed, rolled back and taken away.
 */
interface Part {
  readonly part: string
  readonly tried: number
  readonly problems: readonly string[]
}

/** Installed with the chart, and kept when it is taken away. */
const DEFINITIONS = ['authorities', 'authoritypages', 'failovergroups', 'failoveroperations'].map(
  (plural) => `${plural}.isthmus.dev`,
)
const CHECKSUM = 'isthmus/restart-checksum'
/** Each takes a fraction of a core for a second. */
const AT_ONCE = 6

export const trial: Trial = {
  name: 'chart',
  describe: 'every rendering of the chart is taken by a real API server, and what is wrong is refused before that',
  needs: ['kubernetes'],
  limitMs: 600_000,
  options: {
    server: { describe: 'path of a kube-apiserver of another minor, which judges as well', default: '' },
  },
  fields: [
    'servers',
    'renderings',
    'refused',
    'objects',
    'pods',
    'schemas',
    'mistakes',
    'unnoticed',
    'steps',
    'wrongSteps',
  ],
  populations: ['servers', 'renderings', 'objects', 'pods', 'schemas', 'mistakes', 'steps'],

  async run({ options }, context) {
    const servers = options['server'] === '' ? [undefined] : [undefined, options['server']]
    const judged: Judged[] = []
    for (const server of servers) judged.push(await judgeOn(server, context))
    const parts = judged.flatMap((one) => one.parts)
    const sum = (pick: (one: Judged) => number) => judged.reduce((total, one) => total + pick(one), 0)
    const summary = {
      servers: new Set(judged.map(({ version }) => version)).size,
      renderings: sum(({ renderings }) => renderings),
      refused: sum(({ refused }) => refused),
      objects: sum(({ objects }) => objects),
      pods: sum(({ pods }) => pods),
      schemas: sum(({ schemas }) => schemas),
      mistakes: sum(({ mistakes }) => mistakes.tried),
      unnoticed: sum(({ mistakes }) => mistakes.problems.length),
      steps: sum(({ lifecycle }) => lifecycle.tried),
      wrongSteps: sum(({ lifecycle }) => lifecycle.problems.length),
    }
    const rows = judged.flatMap(({ version, parts: own }) =>
      own.map(({ part, tried, problems }) => ({ server: version, part, tried, problems: problems.length })),
    )
    return { ok: countProblems(parts) === 0 && summary.servers === servers.length, rows, summary }
  },
}

interface Judged {
  readonly version: string
  readonly parts: readonly Part[]
  readonly mistakes: Part
  readonly lifecycle: Part
  readonly renderings: number
  readonly refused: number
  readonly objects: number
  readonly pods: number
  readonly schemas: number
}

async function judgeOn(server: string | undefined, context: TrialContext): Promise<Judged> {
  using folder = new TrialFolder()
  await using stage = await ChartStage.start(folder.path, context, server)
  const version = await stage.version()
  context.log(`the API server ${version} is ready`)
  const told = (part: Part) => {
    context.log(`${part.part}: ${part.tried}`)
    for (const problem of part.problems) context.log(`  ${problem}`)
    return part
  }
  const lint = told(await lintChart(stage))
  const { objects, pods, part: rendered } = await renderAll(stage)
  told(rendered)
  const manifests = told(await checkManifests(stage))
  const taken = told(await applyAll(stage))
  const { part: conforming, schemas } = await conformAll(stage)
  told(conforming)
  const mistakes = told(await makeMistakes(stage))
  const lifecycle = told(await installAndChange(stage))
  const judging = [lint, rendered, manifests, taken, conforming]
  const renderings = rendered.tried + manifests.tried
  const refused = countProblems(judging)
  return {
    version,
    parts: [...judging, mistakes, lifecycle],
    mistakes,
    lifecycle,
    renderings,
    refused,
    objects,
    pods,
    schemas,
  }
}

function countProblems(parts: readonly Part[]): number {
  return parts.reduce((sum, { problems }) => sum + problems.length, 0)
}

async function lintChart(stage: ChartStage): Promise<Part> {
  const linted = await Promise.all(
    RENDERINGS.slice(0, 2).map(({ name, values }) => {
      return stage.helm('lint', '--strict', CHART, '--values', stage.valuesFile(`lint-${name}`, values))
    }),
  )
  return {
    part: 'lint',
    tried: linted.length,
    problems: linted.flatMap(({ code, stdout }) => (code === 0 ? [] : [stdout])),
  }
}

/** Every rendering into a file of its own, and its pods beside it. */
async function renderAll(stage: ChartStage): Promise<{ objects: number; pods: number; part: Part }> {
  const sums = { objects: 0, pods: 0 }
  const problems: string[] = []
  const renderOne = async ({ name, values }: Rendering) => {
    const { code, stdout, stderr } = await stage.render(name, values)
    if (code !== 0) {
      problems.push(`${name}: ${stderr}`)
      return
    }
    const objects = objectsOf(stdout)
    const pods = podsOf(objects, name)
    stage.write('rendered', `${name}.yaml`, stdout)
    if (pods.length > 0) stage.write('rendered', `${name}-pods.yaml`, pods.map((pod) => stringify(pod)).join('---\n'))
    sums.objects += objects.length
    sums.pods += pods.length
    problems.push(...judge(objects).map((problem) => `${name}: ${problem}`))
  }
  for (let at = 0; at < RENDERINGS.length; at += AT_ONCE) {
    await Promise.all(RENDERINGS.slice(at, at + AT_ONCE).map(renderOne))
  }
  return { ...sums, part: { part: 'render', tried: RENDERINGS.length, problems } }
}

/** What an API server does not mind. */
function judge(objects: readonly KubeObject[]): string[] {
  const roles = objects.filter(({ kind }) => kind === 'Role')
  const wild = roles
    .filter((role) => JSON.stringify(role).includes('"*"'))
    .map(({ metadata }) => `${metadata.name} has a wildcard`)
  const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`)
  const twice = names.filter((name, at) => names.indexOf(name) !== at).map((name) => `${name} is there twice`)
  const secrets = objects.filter(({ kind }) => kind === 'Secret').map(({ metadata }) => `${metadata.name} is a Secret`)
  return [...wild, ...twice, ...secrets, ...judgeConfigs(objects)]
}

/** Configurations that name no files are looked at as Isthmus does. */
function judgeConfigs(objects: readonly KubeObject[]): string[] {
  const texts = objects.flatMap(({ data }) => data?.['isthmus.yaml'] ?? []).filter((text) => !text.includes('File:'))
  const sources = { readFile: () => '', env: { CANARY: 'x' } }
  const problems = texts.flatMap((text) => parseConfig(text, '/etc/isthmus/config', sources).problems)
  return problems.filter(({ severity }) => severity === 'error').map(formatProblem)
}

/** All files in one go: the error of an object names its file. */
async function applyAll(stage: ChartStage): Promise<Part> {
  const folder = join(stage.folder, 'rendered')
  const args = ['apply', '--dry-run=server', '--validate=strict', '-f', folder]
  const { code, stdout, stderr } = await stage.kubectl(...args)
  const problems = stderr.split('\n').filter((line) => line.trim() !== '')
  const tried = stdout.split('\n').filter((line) => line.includes('(server dry run)')).length
  return {
    part: 'server dry run',
    tried,
    problems: code === 0 || problems.length > 0 ? problems : [`exit code ${code}`],
  }
}

async function conformAll(stage: ChartStage): Promise<{ schemas: number; part: Part }> {
  const { folder, kinds } = await stage.schemas()
  const { stdout, stderr } = await stage.conform(folder, join(stage.folder, 'rendered'))
  const { resources = [], summary } = JSON.parse(stdout) as {
    resources?: readonly { readonly filename: string; readonly kind: string; readonly msg: string }[]
    summary: { readonly valid: number; readonly skipped: number }
  }
  const problems = resources.map(({ filename, kind, msg }) => `${filename} ${kind}: ${msg}`)
  if (stderr.trim() !== '') problems.push(stderr)
  if (summary.skipped > 0) problems.push(`${summary.skipped} objects were left out`)
  return { schemas: kinds, part: { part: 'kubeconform', tried: summary.valid, problems } }
}

/** `k8s/`: the base is what the chart renders, and overlays and examples are taken as well. */
async function checkManifests(stage: ChartStage): Promise<Part> {
  const problems: string[] = []
  const base = await stage.helm(
    'template',
    'isthmus',
    CHART,
    '--namespace',
    'isthmus',
    '--skip-tests',
    '--set',
    'fullnameOverride=isthmus',
  )
  const wanted = plainManifests(base.stdout)
  if (process.env.UPDATE === '1') writeFileSync(join(ROOT, 'k8s/base/isthmus.yaml'), wanted)
  if (readBase() !== wanted)
    problems.push('k8s/base/isthmus.yaml is not what the chart renders: UPDATE=1 writes it anew')
  await stage.kubectl('create', 'namespace', 'isthmus')
  const overlays = readdirSync(join(ROOT, 'k8s/overlays'))
  for (const name of overlays) {
    const { code, stdout, stderr } = await stage.kubectl('kustomize', join(ROOT, 'k8s/overlays', name))
    if (code !== 0) problems.push(`${name}: ${stderr}`)
    const file = stage.write('overlays', `${name}.yaml`, stdout)
    const applied = await stage.kubectl('apply', '--dry-run=server', '--validate=strict', '-f', file)
    // The namespace itself was made without kubectl apply, which it mentions.
    const told = applied.stderr
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.includes('last-applied-configuration'))
    problems.push(...told.map((line) => `${name}: ${line}`))
  }
  const examples = join(ROOT, 'k8s/examples/two-regions')
  const regions = readdirSync(examples).filter((file) => file !== 'common.yaml')
  for (const region of regions) {
    const files = ['--values', join(examples, 'common.yaml'), '--values', join(examples, region)]
    const { code, stdout, stderr } = await stage.helm(
      'template',
      'isthmus',
      CHART,
      '--namespace',
      stage.namespace,
      ...files,
    )
    if (code !== 0) problems.push(`${region}: ${stderr}`)
    stage.write('rendered', `example-${region}`, stdout)
  }
  return { part: 'k8s', tried: 1 + overlays.length + regions.length, problems }
}

/** Without what only helm uses. */
function plainManifests(text: string): string {
  const lines = text
    .split('\n')
    .filter((line) => !/^# Source:|helm\.sh\/chart:|app\.kubernetes\.io\/managed-by:/.test(line))
  return `# Made from helm/isthmus; see kustomization.yaml.\n${lines.join('\n').trimEnd()}\n`
}

function restartChecksum(deployment: KubeObject | undefined): string | undefined {
  const spec = deployment?.spec as { readonly template: Pick<KubeObject, 'metadata'> } | undefined
  return spec?.template.metadata.annotations?.[CHECKSUM]
}

async function makeMistakes(stage: ChartStage): Promise<Part> {
  const tried = await Promise.all(
    MISTAKES.map(async ({ name, values, says }) => {
      const { code, stderr } = await stage.render(`mistake-${name.replaceAll(' ', '-')}`, values)
      return code !== 0 && stderr.includes(says) ? [] : [`${name} was not refused as ${says}: ${code} ${stderr}`]
    }),
  )
  return { part: 'mistakes', tried: tried.length, problems: tried.flat() }
}

/** Install, upgrade, roll back, uninstall; nobody runs the pods. */
async function installAndChange(stage: ChartStage): Promise<Part> {
  const at = `/namespaces/${stage.namespace}`
  const deployment = () => stage.get(`/apis/apps/v1${at}/deployments/isthmus-replicator`)
  const config = async () => (await stage.get(`/api/v1${at}/configmaps/isthmus`))?.data?.['isthmus.yaml'] ?? ''
  const checksum = async () => restartChecksum(await deployment())
  const change = async (verb: 'install' | 'upgrade', name: keyof typeof CHANGES) => {
    const { code, stderr } = await stage.helm(
      verb,
      'isthmus',
      CHART,
      '-n',
      stage.namespace,
      '-f',
      stage.valuesFile(name, CHANGES[name]),
    )
    return code === 0 ? [] : [`${verb} ${name}: ${stderr}`]
  }
  const problems = await change('install', 'running')
  const [first, firstConfig] = [await checksum(), await config()]
  problems.push(...(await change('upgrade', 'safe')))
  if (!(await config()).includes('rain')) problems.push('the configuration was not changed')
  if ((await checksum()) !== first) problems.push('a change that counts without a restart rolls the pods')
  for (const name of ['restart', 'canary'] as const) {
    problems.push(...(await change('upgrade', name)))
    if ((await checksum()) === first) problems.push(`${name}: a change that needs a restart rolls no pods`)
  }
  const back = await stage.helm('rollback', 'isthmus', '1', '-n', stage.namespace)
  if (back.code !== 0) problems.push(back.stderr)
  if ((await config()) !== firstConfig || (await checksum()) !== first) problems.push('the roll-back did not go back')
  const gone = await stage.helm('uninstall', 'isthmus', '-n', stage.namespace)
  if (gone.code !== 0) problems.push(gone.stderr)
  const kept = await stage.kubectl('get', 'crd', ...DEFINITIONS, '-o', 'name')
  if (kept.code !== 0) problems.push(`definitions did not stay: ${kept.stderr}`)
  const left = await stage.kubectl(
    'get',
    'all,configmap,secret,serviceaccount,pdb,role',
    '-n',
    stage.namespace,
    '-l',
    'app.kubernetes.io/instance=isthmus',
    '-o',
    'name',
  )
  problems.push(
    ...left.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `${line} is left`),
  )
  return { part: 'life', tried: 7, problems }
}
