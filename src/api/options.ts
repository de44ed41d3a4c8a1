import { Type } from 'typebox'

/** Where the API listens. */
export const ApiOptions = Type.Object(
  {
    listen: Type.Optional(
      Type.String({
        pattern: '^(\\[[0-9a-fA-F:]+\\]|[^\\s:\\[\\]]+):[0-9]{1,5}$',
        default: '127.0.0.1:8080',
        description: 'Address and port that the API and the metrics are served on. Port 0 takes a free one.',
        rule: 'not a host:port',
        remedy: 'write it like 127.0.0.1:8080 or [::1]:8080',
      }),
    ),
    allowUnauthenticated: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'This version has no authentication. An address that other machines can reach is therefore refused, unless ' +
          'this is set because something in front (a network policy, a proxy) decides who may come in: whoever does may ' +
          'also start and end verifications, and acknowledge incidents, by which a target topic can be deleted and copied ' +
          'again. Links are removed over a loopback address only.',
      }),
    ),
  },
  {
    additionalProperties: false,
    description:
      'The HTTP API. It shows what is going on, takes acknowledgements of incidents, runs verifications and, where it ' +
      'listens on a loopback address, removes links and moves failover groups.',
  },
)
export type ApiOptions = Type.Static<typeof ApiOptions>

export const DEFAULT_LISTEN = '127.0.0.1:8080'

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** Undefined where the text is not a `host:port` with a port up to 65535. */
export function parseListen(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  return host === undefined || port > 65_535 ? undefined : { host, port }
}

/** True for an address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}
