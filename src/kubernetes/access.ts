import { Agent } from 'node:http'
import { Agent as TlsAgent, type RequestOptions } from 'node:https'
import { describeError } from '../core/index.ts'
import type { HttpCall } from '../http/index.ts'
import { kubernetesFaults } from './faults.ts'

/** Which API server, as whom, and where in it. */
export interface KubernetesAccess {
  /** A kubeconfig file. @defaultValue the service account of the pod that this process runs in */
  readonly kubeconfig?: string
  /** One of the contexts in that file. @defaultValue its current one */
  readonly contextName?: string
  /** @defaultValue that of the pod, or of the context, else `default` */
  readonly namespace?: string
  /** Bound of one call, milliseconds. @defaultValue 5000 */
  readonly timeoutMs?: number
  /** @defaultValue 2000 */
  readonly connectTimeoutMs?: number
}

/** What a request needs: the login is looked up for each, since tokens are replaced while the process runs. */
export interface ApiServer {
  readonly url: string
  readonly namespace: string
  /** Throws what the login plugin throws. */
  sign(): Promise<Pick<HttpCall, 'headers' | 'agent' | 'tls'>>
  close(): void
}

/**
 * Reads the kubeconfig file, or the files of the service account. The library is loaded only where it is used: it takes
 * 90 MB of memory. Throws `KUBERNETES_ACCESS_UNUSABLE`.
 */
export async function openApiServer(access: KubernetesAccess, where: string): Promise<ApiServer> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  try {
    if (access.kubeconfig !== undefined) config.loadFromFile(access.kubeconfig)
    else if (process.env['KUBERNETES_SERVICE_HOST'] === undefined) throw new Error('this process runs in no pod')
    else config.loadFromCluster()
    if (access.contextName !== undefined) config.setCurrentContext(access.contextName)
    const url = config.getCurrentCluster()?.server
    if (url === undefined) throw new Error(`the context ${config.getCurrentContext()} names no cluster`)
    const namespace = access.namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? 'default'
    const isProxied = config.getCurrentCluster()?.proxyUrl !== undefined
    const agent = url.startsWith('https:') ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true })
    const sign = async () => {
      const options: RequestOptions = { headers: {} }
      await config.applyToHTTPSOptions(options)
      const { ca, cert, key, servername, rejectUnauthorized, headers } = options
      const given = Object.entries({ ca, cert, key, servername, rejectUnauthorized })
      const tls = Object.fromEntries(given.filter(([, value]) => value !== undefined && value !== null))
      // Its own agents keep no connections; only those for proxies are needed.
      return { headers: headers as Record<string, string>, agent: isProxied ? (options.agent as Agent) : agent, tls }
    }
    return { url: url.replace(/\/$/, ''), namespace: namespace.trim(), sign, close: () => agent.destroy() }
  } catch (error) {
    throw kubernetesFaults.fault('KUBERNETES_ACCESS_UNUSABLE', { where, reason: describeError(error) }, error)
  }
}
