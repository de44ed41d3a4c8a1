import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findKubernetesTools } from '../../../bin/prerequisites.js'
import type { KubeServer } from './kube-server.ts'

const { programs } = await findKubernetesTools()
const NODE = 'node-1'
const READY_MS = 60_000

/** What a fake node is and does: it is ready, its pods run at once, and are gone as soon as somebody deletes them. */
const STAGES = `
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: node-is-ready }
spec:
  resourceRef: { apiGroup: v1, kind: Node }
  selector:
    matchExpressions:
      - { key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator: NotIn, values: ["True"] }
  next:
    statusTemplate: |
      phase: Running
      allocatable: { cpu: "32", memory: 256Gi, pods: "110" }
      capacity: { cpu: "32", memory: 256Gi, pods: "110" }
      conditions:
      - { type: Ready, status: "True", lastHeartbeatTime: {{ Now | Quote }}, lastTransitionTime: {{ Now | Quote }} }
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: pod-runs }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
      - { key: .metadata.deletionTimestamp, operator: DoesNotExist }
      - { key: .status.phase, operator: In, values: [Pending] }
  next:
    statusTemplate: |
      phase: Running
      startTime: {{ Now | Quote }}
      conditions:
      - { type: Initialized, status: "True", lastTransitionTime: {{ Now | Quote }} }
      - { type: ContainersReady, status: "True", lastTransitionTime: {{ Now | Quote }} }
      - { type: Ready, status: "True", lastTransitionTime: {{ Now | Quote }} }
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: pod-goes }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector: { matchExpressions: [{ key: .metadata.deletionTimestamp, operator: Exists }] }
  next: { delete: true }
`

/**
 * What makes pods of what is declared: a controller manager, a scheduler, and one fake node (kwok), on an API server. A pod
 * is ready there as soon as it is bound: it stands for nothing that runs.
 */
export class KubeNodes implements AsyncDisposable {
  readonly #processes: readonly ChildProcess[]

  private constructor(processes: readonly ChildProcess[]) {
    this.#processes = processes
  }

  static async start(server: KubeServer, folder: string): Promise<KubeNodes> {
    const stages = join(folder, 'stages.yaml')
    await writeFile(stages, STAGES)
    const { kubeconfig } = server
    const shared = [
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      '--leader-elect=false',
      '--secure-port=0',
    ]
    const signing = [
      `--service-account-private-key-file=${server.file('sa.key')}`,
      `--root-ca-file=${server.file('ca.pem')}`,
    ]
    const nodes = new KubeNodes([
      launch('kube-controller-manager', [...shared, ...signing]),
      launch('kube-scheduler', shared),
      launch('kwok', [`--kubeconfig=${kubeconfig}`, '--manage-all-nodes=true', `--config=${stages}`]),
    ])
    try {
      await nodes.#addNode(server)
      return nodes
    } catch (error) {
      await nodes[Symbol.asyncDispose]()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#processes.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const gone = once(child, 'exit')
        child.kill('SIGKILL')
        await gone
      }),
    )
  }

  /** Its lease is renewed by kwok from here on. */
  async #addNode(server: KubeServer): Promise<void> {
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } }
    await server.call('POST', '/api/v1/nodes', node)
    for (const until = Date.now() + READY_MS; ; await delay(200)) {
      const { status: code } = await server.call('GET', '/api/v1/namespaces/default/serviceaccounts/default')
      if (code === 200) return
      const ended = this.#processes.find(({ exitCode }) => exitCode !== null)
      if (ended !== undefined) throw new Error(`${ended.spawnfile} ended with ${ended.exitCode}`)
      if (Date.now() > until) throw new Error('the controller manager has made no service account')
    }
  }
}

function launch(name: string, flags: readonly string[]): ChildProcess {
  const child = spawn(programs[name] ?? name, flags, { stdio: 'ignore' })
  child.on('error', () => undefined)
  return child
}
