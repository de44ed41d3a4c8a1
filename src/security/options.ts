import { Type } from 'typebox'

/** What fences can be told in the configuration file, for each region. Types and the reference page come from here. */
const program = (description: string) =>
  Type.Array(Type.String({ minLength: 1 }), {
    minItems: 1,
    description,
    remedy: 'give the program, then each of its arguments',
  })

const TIMEOUT_SECONDS = 60

const timeoutSeconds = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 3_600, default: TIMEOUT_SECONDS, description: 'How long each of them may run.' }),
)

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
    timeoutSeconds,
    runs: Type.Optional(
      Type.Enum(['controller', 'agent'], {
        default: 'controller',
        description:
          'Who runs `fence` and `unfence`: the controller that leads, or an agent in the region (`isthmus run --role agent ' +
          '--region NAME`), which is asked through the authority and takes the programs from its own file. `check` is run ' +
          'by the controller, from outside, and needed with `agent`.',
        remedy: 'write controller or agent',
      }),
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
        readonly runs: 'controller' | 'agent'
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
      timeoutMs: (command.timeoutSeconds ?? TIMEOUT_SECONDS) * 1_000,
      runs: command.runs ?? 'controller',
    },
    allowTopicConfig,
  }
}

export const GateOptions = Type.Object(
  {
    open: program('Opens the listeners for clients.'),
    close: program('Closes them, established connections too.'),
    check: Type.Optional(
      program(
        'Ends with 0 while they are closed. It is run every two seconds, so that the agent notices what others do, such as a ' +
          'machine that starts again. Default: they are as the last program left them.',
      ),
    ),
    timeoutSeconds,
  },
  {
    additionalProperties: false,
    description:
      'What `isthmus run --role agent --region NAME` does beside this region: its listeners for clients are open only while ' +
      'the authority says that the region is active for one of its failover groups. Programs of the operator, run without ' +
      'a shell, possibly more than once, with ISTHMUS_ACTION (`open`, `close`, `check`) and ISTHMUS_REGION in their ' +
      'environment. Isthmus itself has to reach the brokers while they are closed, by a listener of its own.',
  },
)
export type GateOptions = Type.Static<typeof GateOptions>

/** The same with every default filled in. */
export interface GateCommand {
  readonly open: readonly string[]
  readonly close: readonly string[]
  readonly check: readonly string[] | undefined
  readonly timeoutMs: number
}

export function resolveGateOptions({ open, close, check, timeoutSeconds }: GateOptions): GateCommand {
  return { open, close, check, timeoutMs: (timeoutSeconds ?? TIMEOUT_SECONDS) * 1_000 }
}

const DRIFT_SECONDS = 30
const PROBE_MINUTES = 60

export const SecurityOptions = Type.Object(
  {
    policies: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description:
          'Files of policies, one owner each, as paths or globs; a relative one starts at the configuration file. One that ' +
          'matches no file is an error. They are read when Isthmus starts, and applied by `isthmus security apply`.',
        remedy: 'name at least one file, or remove the key',
      }),
    ),
    driftSeconds: Type.Optional(
      Type.Integer({
        minimum: 5,
        maximum: 86_400,
        default: DRIFT_SECONDS,
        description: 'How often the controller that leads compares the regions with the policies.',
      }),
    ),
    probeMinutes: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 10_080,
        default: PROBE_MINUTES,
        description:
          'How often the controller that leads probes brokers and listeners of regions for which a policy has a `baseline`; ' +
          '0: only when asked, by `isthmus security probe`.',
      }),
    ),
  },
  { additionalProperties: false, description: 'Who may do what in the regions, as declared.' },
)
export type SecurityOptions = Type.Static<typeof SecurityOptions>

/** The same with every default filled in, but for the files, which are read elsewhere. */
export interface ResolvedSecurityOptions {
  readonly driftMs: number
  /** 0: only when asked. */
  readonly probeMs: number
}

export function resolveSecurityOptions(options: SecurityOptions = {}): ResolvedSecurityOptions {
  const { driftSeconds = DRIFT_SECONDS, probeMinutes = PROBE_MINUTES } = options
  return { driftMs: driftSeconds * 1_000, probeMs: probeMinutes * 60_000 }
}
