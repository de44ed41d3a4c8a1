import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse, stringify } from 'yaml'
import { type Ran, runTool, WatchedTool } from '../chart/programs.ts'
import { GROUP } from '../failover-trial/control.ts'
import { GROUP_PREFIX, TOPIC_PREFIX, TrialRegions } from '../failover-trial/trial-regions.ts'
import { eventually } from '../isthmus-process.ts'
import { KubeNodes } from '../kubernetes/kube-nodes.ts'
import { KubeServer } from '../kubernetes/kube-server.ts'
import type { TrialContext } from '../trial.ts'
import { TrialFolder } from '../trial-folder.ts'
import { runHelmTest } from './helm-test.ts'
import { PodProcess, type PodTemplate } from './pod-process.ts'
import { ServiceWriter } from './service-writer.ts'

const CHART = resolve(import.meta.dirname, '../../../helm/isthmus')
const NAMESPACE = 'kafka'
const SERVICE = 'kafka'
const LIMIT_MS = 120_000
export const TOPIC = `${TOPIC_PREFIX}followed`
export const HOME = 'alpha'
export const AWAY = 'beta'

/** An application that a move restarts, on fake nodes. */
const READER = {
  metadata: { name: 'reader', annotations: { 'isthmus.dev/failover-group': GROUP } },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'reader' } },
    template: {
      metadata: { labels: { app: 'reader' } },
      spec: { containers: [{ name: 'reader', image: 'reader' }] },
    },
  },
}

export interface ShownGroup {
  readonly active: string
  readonly phase: string
  readonly epoch: number
}

export interface ShownOperation {
  readonly phase: string
  readonly operation?: string
  readonly step?: string
  readonly message: string
  readonly plan?: { readonly blocking: readonly string[] }
}

interface SceneParts {
  readonly server: KubeServer
  readonly regions: TrialRegions
  readonly folder: TrialFolder
  readonly stack: AsyncDisposableStack
  readonly signal: AbortSignal
}

/** Two plain regions, a real API server with the chart installed, its pods as processes, and an application. */
export class KubernetesScene implements AsyncDisposable {
  readonly controllers: PodProcess[] = []
  readonly server: KubeServer
  readonly regions: TrialRegions
  readonly #parts: SceneParts
  #replicator: PodProcess | undefined
  #writer: ServiceWriter | undefined

  private constructor(parts: SceneParts) {
    this.#parts = parts
    this.server = parts.server
    this.regions = parts.regions
  }

  static async start({ signal, log }: TrialContext): Promise<KubernetesScene> {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(new TrialFolder())
    const names = [HOME, AWAY]
    const [server, regions] = await Promise.all([
      KubeServer.start({ hasDefinitions: false }).then((one) => stack.use(one)),
      TrialRegions.start({ names, isSecured: false, folder: folder.path, signal }).then((all) => stack.use(all)),
    ])
    stack.use(await KubeNodes.start(server, folder.path))
    log('the API server with a fake node and both regions are ready')
    const scene = new KubernetesScene({ server, regions, folder, stack: stack.move(), signal })
    try {
      await scene.#begin()
      return scene
    } catch (error) {
      await scene[Symbol.asyncDispose]()
      throw error
    }
  }

  get replicator(): PodProcess {
    if (this.#replicator === undefined) throw new Error('the scene has not begun')
    return this.#replicator
  }

  get writer(): ServiceWriter {
    if (this.#writer === undefined) throw new Error('the scene has not begun')
    return this.#writer
  }

  kubectl(...args: readonly string[]): Promise<Ran> {
    const { signal } = this.#parts
    return runTool('kubectl', [...args, '-n', NAMESPACE], { signal, kubeconfig: this.server.kubeconfig })
  }

  /** `kubectl get … -w`, line by line. */
  watch(resource: string): WatchedTool {
    return new WatchedTool('kubectl', ['get', resource, '-w', '-n', NAMESPACE], this.server.kubeconfig)
  }

  async group(): Promise<ShownGroup | undefined> {
    return (await this.#get(`/apis/isthmus.dev/v1/namespaces/${NAMESPACE}/failovergroups/${GROUP}`, 'status')) as
      | ShownGroup
      | undefined
  }

  async operation(name: string): Promise<ShownOperation | undefined> {
    const path = `/apis/isthmus.dev/v1/namespaces/${NAMESPACE}/failoveroperations/${name}`
    return (await this.#get(path, 'status')) as ShownOperation | undefined
  }

  /** Region that the Service selects. */
  async selected(): Promise<string | undefined> {
    const spec = (await this.#get(`/api/v1/namespaces/${NAMESPACE}/services/${SERVICE}`, 'spec')) as
      | { readonly selector?: { readonly region?: string } }
      | undefined
    return spec?.selector?.region
  }

  /** Pods of the annotated application that run, and for which operation they were started; '' before any move. */
  async readers(): Promise<readonly string[]> {
    const { body } = await this.server.call('GET', `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app%3Dreader`)
    return (body.items ?? []).map(({ metadata }) => metadata.annotations?.['isthmus.dev/operation'] ?? '')
  }

  /** As the authority's object names it. */
  async leader(): Promise<PodProcess | undefined> {
    const spec = (await this.#get(`/apis/isthmus.dev/v1/namespaces/${NAMESPACE}/authorities/isthmus`, 'spec')) as
      | { readonly leader?: string }
      | undefined
    return this.controllers.find(({ port, isRunning }) => isRunning && spec?.leader?.includes(`-${port}`))
  }

  /** `kubectl create -f`, without a confirmation; the name of the object, once nothing stops its plan. */
  async request(kind: 'switchover' | 'failback', to: string): Promise<string> {
    const spec = { group: GROUP, kind, to, reason: 'a trial', requestedBy: 'admin' }
    const file = this.#write('operation.json', {
      apiVersion: 'isthmus.dev/v1',
      kind: 'FailoverOperation',
      metadata: { generateName: `${GROUP}-` },
      spec,
    })
    const created = await this.#kubectlOk('create', '-f', file, '-o', 'name')
    const name = created.trim().split('/').at(-1) ?? ''
    await this.until('nothing stops the plan', async () => {
      const { plan } = (await this.operation(name)) ?? {}
      return plan?.blocking.length === 0 ? true : undefined
    })
    return name
  }

  async confirm(name: string): Promise<void> {
    await this.#kubectlOk('patch', 'failoveroperation', name, '--type=merge', '-p', `{"spec":{"confirm":"${GROUP}"}}`)
  }

  until<Answer>(what: string, look: () => Promise<Answer | undefined>): Promise<Answer> {
    return eventually(what, look, { limitMs: LIMIT_MS, signal: this.#parts.signal })
  }

  /** From the Deployment as it stands in the API server. */
  async startPod(role: 'controller' | 'replicator'): Promise<PodProcess> {
    const { folder, stack } = this.#parts
    const [deployment, configMap] = await Promise.all([
      this.#kubectlOk('get', 'deployment', `isthmus-${role}`, '-o', 'json'),
      this.#kubectlOk('get', 'configmap', 'isthmus', '-o', 'json'),
    ])
    const { spec } = JSON.parse(deployment) as { spec: { template: PodTemplate } }
    const { data } = JSON.parse(configMap) as { data: Record<string, string> }
    const token = (await this.#kubectlOk('create', 'token', 'isthmus')).trim()
    const kubeconfig = await this.server.writeKubeconfig('pod', token, NAMESPACE)
    const config = data['isthmus.yaml'] ?? ''
    const pod = stack.use(await PodProcess.start({ template: spec.template, config, kubeconfig, folder: folder.path }))
    if (role === 'controller') this.controllers.push(pod)
    return pod
  }

  /** What `helm test` runs; a sentence about each container that found something wrong. */
  async helmTest(): Promise<string[]> {
    const { signal } = this.#parts
    const asked = ['get', 'hooks', 'isthmus', '-n', NAMESPACE]
    const { stdout: hooks } = await runTool('helm', asked, { signal, kubeconfig: this.server.kubeconfig })
    const controller = this.controllers.find(({ isRunning }) => isRunning) ?? this.replicator
    const ports = { controller: controller.port, replicator: this.replicator.port }
    return await runHelmTest({ hooks, configFile: controller.configFile, ports })
  }

  /** As a Deployment does it: each new pod is ready before an old one is told to end. */
  async replaceControllers(): Promise<void> {
    const old = this.controllers.splice(0)
    for (const controller of old) {
      const next = await this.startPod('controller')
      await this.until('the new controller is ready', async () => ((await next.isReady()) ? true : undefined))
      await controller[Symbol.asyncDispose]()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.thaw()
    await this.#parts.stack.disposeAsync()
  }

  async #begin(): Promise<void> {
    const { server, regions, stack, signal } = this.#parts
    await server.makeNamespace(NAMESPACE)
    const topic = { topic: TOPIC, partitions: 2, replicationFactor: 1, configs: {} }
    await regions.get(HOME).admin.createTopics([topic], signal)
    const spec = { ports: [{ port: 9092 }], selector: { region: HOME } }
    await server.call('POST', `/api/v1/namespaces/${NAMESPACE}/services`, { metadata: { name: SERVICE }, spec })
    await server.call('POST', `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, READER)
    const values = this.#write('values.yaml', this.#values())
    const args = ['install', 'isthmus', CHART, '-n', NAMESPACE, '-f', values]
    const { code, stderr } = await runTool('helm', args, { signal, kubeconfig: server.kubeconfig })
    if (code !== 0) throw new Error(stderr)
    await this.startPod('controller')
    await this.startPod('controller')
    this.#replicator = await this.startPod('replicator')
    await this.until('the group is shown', async () => {
      const ended = [...this.controllers, this.replicator].find(({ isRunning }) => !isRunning)
      if (ended !== undefined) throw new Error(`a process ended: ${ended.log.slice(-8).join('\n')}`)
      return (await this.group())?.active === HOME ? true : undefined
    })
    const kafkas = new Map(regions.all.map(({ name, kafka }) => [name, kafka]))
    const selected = () => this.selected()
    this.#writer = stack.use(new ServiceWriter({ topic: TOPIC, regions: kafkas, selected }))
  }

  #values(): object {
    const regions = this.regions.all.map(({ entry: { name, bootstrap, access = '' } }) => {
      return { name, bootstrap, ...(parse(`{ ${access} }`) as object) }
    })
    const selectors = Object.fromEntries(regions.map(({ name }) => [name, { region: name }]))
    const group = {
      name: GROUP,
      regions: regions.map(({ name }) => name),
      topics: { include: [`${TOPIC_PREFIX}*`] },
      consumerGroups: { include: [`${GROUP_PREFIX}*`] },
      failover: { cooldownSeconds: 0, groupGraceSeconds: 1, evictSeconds: 60, fenceCheckSeconds: 1 },
      routing: [{ kind: 'kubernetes', service: SERVICE, selectors }],
      eviction: [{ kind: 'rollout' }],
    }
    const authority = { leaseSeconds: 3, takeoverSeconds: 10 }
    return {
      kubernetes: { authority: true, objects: true },
      test: { online: true },
      config: { regions, failoverGroups: [group], authority },
    }
  }

  #write(name: string, content: object): string {
    mkdirSync(this.#parts.folder.path, { recursive: true })
    const file = join(this.#parts.folder.path, name)
    writeFileSync(file, stringify(content))
    return file
  }

  async #kubectlOk(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.kubectl(...args)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
    return stdout
  }

  async #get(path: string, part: 'spec' | 'status'): Promise<unknown> {
    const { status, body } = await this.server.call('GET', path)
    return status === 200 ? body[part] : undefined
  }
}
