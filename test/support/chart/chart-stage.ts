import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseAllDocuments, stringify } from 'yaml'
import { KubeServer } from '../kubernetes/kube-server.ts'
import type { TrialContext } from '../trial.ts'
import { FOREIGN_DEFINITIONS } from './foreign-definitions.ts'
import { writeSchemas } from './openapi-schemas.ts'
import { type Ran, runTool } from './programs.ts'

export const ROOT = resolve(import.meta.dirname, '../../..')
export const CHART = join(ROOT, 'helm/isthmus')
const RESTRICTED = Object.fromEntries(
  ['enforce', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
)

export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly generation?: number
  }
  readonly spec?: unknown
  readonly data?: Readonly<Record<string, string>>
}

/** The chart, a folder for what it renders, and a real API server that judges it. */
export class ChartStage implements AsyncDisposable {
  readonly namespace = 'chart'
  readonly folder: string
  readonly #server: KubeServer
  /** Of an administrator, in the namespace of the stage. */
  #kubeconfig = ''
  readonly #signal: AbortSignal

  private constructor(server: KubeServer, folder: string, signal: AbortSignal) {
    this.#server = server
    this.folder = folder
    this.#signal = signal
  }

  /** `program`: path of another kube-apiserver than that of this machine. */
  static async start(folder: string, { signal }: TrialContext, program?: string): Promise<ChartStage> {
    const server = await KubeServer.start({ hasDefinitions: false, program })
    const stage = new ChartStage(server, folder, signal)
    await server.call('POST', '/api/v1/namespaces', { metadata: { name: stage.namespace, labels: RESTRICTED } })
    stage.#kubeconfig = await server.writeKubeconfig(stage.namespace, 'admintoken', stage.namespace)
    // Classes that pods of the full rendering name.
    const [priority, runtime] = [
      { metadata: { name: 'high' }, value: 1_000 },
      { metadata: { name: 'gvisor' }, handler: 'runsc' },
    ]
    await server.call('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', priority)
    await server.call('POST', '/apis/node.k8s.io/v1/runtimeclasses', runtime)
    await Promise.all(FOREIGN_DEFINITIONS.map((one) => stage.#establish(one)))
    return stage
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]()
  }

  /** Of the API server, such as `v1.36.3`. */
  async version(): Promise<string> {
    const { body } = await this.#server.call('GET', '/version')
    return (body as unknown as { readonly gitVersion: string }).gitVersion
  }

  helm(...args: readonly string[]): Promise<Ran> {
    return runTool('helm', args, { signal: this.#signal, kubeconfig: this.#kubeconfig })
  }

  kubectl(...args: readonly string[]): Promise<Ran> {
    return runTool('kubectl', args, { signal: this.#signal, kubeconfig: this.#kubeconfig })
  }

  /** Values in a file, for `--values`. */
  valuesFile(name: string, values: object): string {
    return this.write('values', `${name}.yaml`, stringify(values))
  }

  write(folder: string, name: string, text: string): string {
    mkdirSync(join(this.folder, folder), { recursive: true })
    const path = join(this.folder, folder, name)
    writeFileSync(path, text)
    return path
  }

  render(name: string, values: object, ...more: readonly string[]): Promise<Ran> {
    const file = this.valuesFile(name, values)
    return this.helm('template', 'isthmus', CHART, '--namespace', this.namespace, '--values', file, ...more)
  }

  async schemas(): Promise<{ readonly folder: string; readonly kinds: number }> {
    const folder = join(this.folder, 'schemas')
    return { folder, kinds: await writeSchemas((path) => this.#server.call('GET', path), folder) }
  }

  conform(folder: string, paths: string): Promise<Ran> {
    const location = `${folder}/{{.ResourceKind}}{{.KindSuffix}}.json`
    const args = ['-strict', '-summary', '-output', 'json', '-schema-location', location, paths]
    return runTool('kubeconform', args, { signal: this.#signal })
  }

  /** Undefined where there is none. */
  async get(path: string): Promise<KubeObject | undefined> {
    const { status, body } = await this.#server.call('GET', path)
    return status === 200 ? (body as unknown as KubeObject) : undefined
  }

  async #establish({ path, definition }: (typeof FOREIGN_DEFINITIONS)[number]): Promise<void> {
    await this.#server.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)
    const at = path.replace(/\/([a-z]+)$/, `/namespaces/${this.namespace}/$1`)
    while ((await this.#server.call('GET', at)).status !== 200) await sleep(50, undefined, { signal: this.#signal })
  }
}

export function objectsOf(text: string): KubeObject[] {
  return parseAllDocuments(text).flatMap((document) => (document.toJS() as KubeObject | null) ?? [])
}

/** Pods as the Deployments and the test have them, to be judged by admission. */
export function podsOf(objects: readonly KubeObject[], prefix: string): KubeObject[] {
  return objects.flatMap(({ kind, metadata, spec }): KubeObject[] => {
    if (kind !== 'Deployment') return []
    const { template } = spec as { template: Pick<KubeObject, 'metadata' | 'spec'> }
    const name = `${prefix}-${metadata.name}`.slice(0, 60)
    return [{ apiVersion: 'v1', kind: 'Pod', metadata: { ...template.metadata, name }, spec: template.spec }]
  })
}

export function readBase(): string {
  return readFileSync(join(ROOT, 'k8s/base/isthmus.yaml'), 'utf8')
}
