import { Type } from 'typebox'

/** What fences can be told in the configuration file, for each region. Types and the reference page come from here. */
const program = (description: string) =>
  Type.Array(Type.String({ minLength: 1 }), {
    minItems: 1,
    description,
    remedy: 'give the program, then each of its arguments',
  })

/** A principal as brokers write it. */
export const principalSchema = (description: string) =>
  Type.String({
    pattern: '^[A-Za-z]+:.+$',
    description,
    rule: 'not a principal',
    remedy: 'write it like User:isthmus',
  })

const CommandOptions = Type.Object(
  {
    fence: program('Closes the region to applications; anything but exit code 0 stops the move.'),
    unfence: program('Opens it again.'),
    check: Type.Optional(program('Ends with 0 while the fence holds. Default: it holds once `fence` has succeeded.')),
    timeoutSeconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 3_600, default: 60, description: 'How long each of them may run.' }),
    ),
  },
  {
    additionalProperties: false,
    description:
      'Programs of the operator (network policy, load balancer, power). They run without a shell, possibly more than ' +
      'once, with ISTHMUS_ACTION (`fence`, `unfence`, `check`), ISTHMUS_REGION, ISTHMUS_GROUP and ISTHMUS_OPERATION in ' +
      'their environment.',
  },
)

export const FenceOptions = Type.Object(
  {
    principal: Type.Optional(
      principalSchema(
        'As the brokers name Isthmus; needed only where it is no super user. Default: `User:` and the username of `sasl`.',
      ),
    ),
    superUsers: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        description:
          'The `super.users` of the brokers, which do not tell them. No fence holds super users: plans list them.',
      }),
    ),
    command: Type.Optional(CommandOptions),
    allowTopicConfig: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Whether `max.message.bytes=0` may be the last resort for a region that is left. It refuses transaction ' +
          'markers too, and is no fence where something else puts the configs of topics back.',
      }),
    ),
  },
  { additionalProperties: false, description: 'How applications are kept from writing to the region.' },
)
export type FenceOptions = Type.Static<typeof FenceOptions>

/** The same with every default filled in; undefined is what is not known, or not there. */
export interface ResolvedFenceOptions {
  readonly principal: string | undefined
  readonly superUsers: readonly string[] | undefined
  readonly command:
    | {
        readonly fence: readonly string[]
        readonly unfence: readonly string[]
        readonly check: readonly string[] | undefined
        readonly timeoutMs: number
      }
    | undefined
  readonly allowTopicConfig: boolean
}

export function resolveFenceOptions(options: FenceOptions = {}): ResolvedFenceOptions {
  const { principal, superUsers, command, allowTopicConfig = false } = options
  return {
    principal,
    superUsers,
    command: command && {
      fence: command.fence,
      unfence: command.unfence,
      check: command.check,
      timeoutMs: (command.timeoutSeconds ?? 60) * 1_000,
    },
    allowTopicConfig,
  }
}
