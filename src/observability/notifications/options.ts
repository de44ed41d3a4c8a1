import { Type } from 'typebox'

/** The `notifications` section: one definition for types, validation and the reference page. */
const TIMEOUT_SECONDS = 10

const secretFile = (description: string) =>
  Type.String({ minLength: 1, description: `${description} A relative path starts at the configuration file.` })

export const NotificationOptions = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
      description: 'Unique name of the receiver.',
      rule: 'not a valid name',
      remedy: 'use lower-case letters, digits and dashes, up to 63, with a letter or digit at both ends',
    }),
    url: Type.Optional(
      Type.String({
        pattern: '^(https?://[^\\s]+|env:[A-Za-z_][A-Za-z0-9_]*)$',
        description:
          'Where it is posted to, or `env:NAME` for the environment variable that says so. Only scheme and host are ever shown.',
        secret: true,
        rule: 'not an http or https address',
        remedy: 'write it like https://hooks.example/isthmus, or env:NAME',
      }),
    ),
    urlFile: Type.Optional(secretFile('File that holds the address, where that is itself a secret.')),
    minimumSeverity: Type.Optional(
      Type.Enum(['info', 'warning', 'error'], {
        default: 'warning',
        description: 'Events that weigh less are not sent.',
      }),
    ),
    kinds: Type.Optional(
      Type.Array(
        Type.String({
          pattern: '^[a-z][a-z-]*(:[a-z-]+)?$',
          rule: 'not a kind of event',
          remedy: 'write it like fence:lost, or fence for all of them',
        }),
        {
          minItems: 1,
          description:
            'Only events of these kinds, such as `fence:lost`, or `fence` for all that begin so. Default: all.',
        },
      ),
    ),
    groups: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description:
          'Names of failover groups. Events of other groups are not sent; those that are about no group are. Default: all.',
      }),
    ),
    tokenFile: Type.Optional(secretFile('File that holds a token, sent as `Authorization: Bearer`.')),
    secretFile: Type.Optional(
      secretFile(
        'File that holds a secret, by which what is sent is signed as Standard Webhooks has it (`webhook-signature`, ' +
          'HMAC-SHA256). With `whsec_` before it, it is base64; else it is taken as it is.',
      ),
    ),
    template: Type.Optional(
      Type.Enum(['generic', 'slack'], {
        default: 'generic',
        description:
          '`generic`: the event as JSON, as `/api/v1/events` has it. `slack`: its sentence, as `{"text": …}`.',
      }),
    ),
    timeoutSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 120,
        default: TIMEOUT_SECONDS,
        description: 'How long one attempt may take.',
      }),
    ),
  },
  {
    additionalProperties: false,
    description:
      'A receiver of notifications: events are posted to it. Exactly one of `url` and `urlFile`. What the journal tells is ' +
      'sent by the controller that leads, everything else by the process that has seen it; each at least once, with a ' +
      '`webhook-id` to tell repetitions by.',
  },
)
export type NotificationOptions = Type.Static<typeof NotificationOptions>

/** What a receiver is, with every default filled in and its secrets revealed: it must go nowhere else. */
export interface NotificationTargetOptions {
  readonly name: string
  readonly url: string
  readonly minimumSeverity: 'info' | 'warning' | 'error'
  /** Undefined for all. */
  readonly kinds: readonly string[] | undefined
  readonly groups: readonly string[] | undefined
  readonly token: string | undefined
  readonly secret: string | undefined
  readonly template: 'generic' | 'slack'
  readonly timeoutMs: number
}

/** All but the secrets. */
export function resolveNotificationOptions({
  name,
  minimumSeverity = 'warning',
  kinds,
  groups,
  template = 'generic',
  timeoutSeconds = TIMEOUT_SECONDS,
}: NotificationOptions): Omit<NotificationTargetOptions, 'url' | 'token' | 'secret'> {
  return { name, minimumSeverity, kinds, groups, template, timeoutMs: timeoutSeconds * 1_000 }
}
