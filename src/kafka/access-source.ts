import type { ConnectionOptions as NodeTlsOptions } from 'node:tls'
import { type Fault, isFault } from '../core/index.ts'
import type { AccessSource, ClusterOptions, SaslOptions, TlsOptions } from './cluster.ts'
import { type LoginSettings, readTls } from './connection.ts'

export interface Dial {
  readonly tls: NodeTlsOptions | undefined
  readonly tlsServerName: string | undefined
  readonly sasl: LoginSettings | undefined
}

/**
 * What connections to one cluster are opened with. A broker that refuses it makes it look for something newer, and then
 * for what was good before: so a password may be exchanged at the brokers and in its file in either order.
 */
export class ClusterAccess {
  readonly #cluster: string
  readonly #source: AccessSource
  #texts: TlsOptions | undefined
  #tls: NodeTlsOptions | undefined

  /** @throws `KAFKA_TLS_FAILED` where the PEM texts cannot be used */
  constructor({ name, tls, sasl, access }: Pick<ClusterOptions, 'name' | 'tls' | 'sasl' | 'access'>) {
    this.#cluster = name
    this.#source = access ?? unchanging(tls, sasl)
    this.#dialWith(this.#source.sasl())
  }

  /** Opens with what there is, and again with something else where a broker refuses that. */
  async open<Connection>(dial: (settings: Dial) => Promise<Connection>): Promise<Connection> {
    try {
      return await this.#openOnce(dial)
    } catch (error) {
      if (!isRefusal(error)) throw error
      if (await this.#source.renew()) return await this.#openOnce(dial)
      const former = this.#source.formerSasl()
      if (former === undefined || isFault(error, 'KAFKA_TLS_FAILED')) throw error
      // What the file holds is what has to be mended: its refusal is told, not that of what it held before.
      const opened = await dial(this.#dialWith(former)).catch(() => Promise.reject(error as Fault))
      this.#source.note('former')
      return opened
    }
  }

  async #openOnce<Connection>(dial: (settings: Dial) => Promise<Connection>): Promise<Connection> {
    const sasl = this.#source.sasl()
    const opened = await dial(this.#dialWith(sasl))
    if (sasl !== undefined) this.#source.note('current')
    return opened
  }

  #dialWith(sasl: SaslOptions | undefined): Dial {
    const tls = this.#source.tls()
    return { tls: this.#readTls(tls), tlsServerName: tls?.serverName, sasl: sasl && this.#loginOf(sasl) }
  }

  #loginOf(first: SaslOptions): LoginSettings {
    return {
      mechanism: first.mechanism,
      first,
      again: async () => {
        await this.#source.renew()
        return this.#source.sasl() ?? first
      },
    }
  }

  /** Made once from the same texts: it takes milliseconds. */
  #readTls(tls: TlsOptions | undefined): NodeTlsOptions | undefined {
    if (tls === undefined) return undefined
    const { ca, cert, key } = this.#texts ?? {}
    if (this.#tls === undefined || tls.ca !== ca || tls.cert !== cert || tls.key !== key) {
      this.#tls = readTls(this.#cluster, tls)
      this.#texts = tls
    }
    return this.#tls
  }
}

function unchanging(tls: TlsOptions | undefined, sasl: SaslOptions | undefined): AccessSource {
  return {
    tls: () => tls,
    sasl: () => sasl,
    formerSasl: () => undefined,
    note: () => undefined,
    renew: () => Promise.resolve(false),
  }
}

/** The broker does not take what it was shown; a broker that is away has refused nothing. */
function isRefusal(error: unknown): boolean {
  if (isFault(error, 'KAFKA_AUTHENTICATION_FAILED')) return true
  return isFault(error, 'KAFKA_TLS_FAILED') && error.facts['hungUp'] !== true
}
