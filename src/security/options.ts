import { Type } from 'typebox'
import { type KubernetesAccess, kubernetesAccess, kubernetesKeys } from '../kubernetes/index.ts'

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
    open: Type.Optional(program('Opens the listeners for clients.')),
    close: Type.Optional(program('Closes them, established connections too.')),
    check: Type.Optional(
      program(
        'Ends with 0 while they are closed. It is run every two seconds, so that the agent notices what others do, such as a ' +
          'machine that starts again. Default: they are as the last program left them.',
      ),
    ),
    timeoutSeconds,
    networkPolicy: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'In place of programs: the NetworkPolicy that admits clients to the brokers. It is closed by the label ' +
          '`isthmus.dev/gate` in its selector, which no pod may have, and looked at every two seconds. Another policy has to ' +
          'select the same brokers and admit everything but the clients. What becomes of established connections is up to the network plugin.',
      }),
    ),
    namespace: Type.Optional({
      ...kubernetesKeys.namespace,
      description:
        'For `networkPolicy`: its namespace. Default: the namespace of the pod, or that of the context in `kubeconfig`.',
    }),
    kubeconfig: Type.Optional({
      ...kubernetesKeys.kubeconfig,
      description:
        'For `networkPolicy`: a kubeconfig file. Default: the service account of the pod that the agent runs in. A relative path starts at the configuration file.',
    }),
    context: Type.Optional({
      ...kubernetesKeys.context,
      description: 'For `networkPolicy`: a context of the kubeconfig file. Default: its current one.',
    }),
  },
  {
    additionalProperties: false,
    description:
      'What `isthmus run --role agent --region NAME` does beside this region: its listeners for clients are open only while ' +
      'the authority says that the region is active for one of its failover groups. Either a NetworkPolicy, or programs of ' +
      'the operator, run without a shell, possibly more than once, with ISTHMUS_ACTION (`open`, `close`, `check`) and ' +
      'ISTHMUS_REGION in their environment. Isthmus itself has to reach the brokers while they are closed, by a listener of its own.',
  },
)
export type GateOptions = Type.Static<typeof GateOptions>

/** The same with every default filled in. */
export type ResolvedGate = GateCommand | GatePolicy

export interface GateCommand {
  readonly kind: 'command'
  readonly open: readonly string[]
  readonly close: readonly string[]
  readonly check: readonly string[] | undefined
  readonly timeoutMs: number
}

export interface GatePolicy {
  readonly kind: 'networkPolicy'
  readonly policy: string
  readonly access: KubernetesAccess
}

/** `kubeconfig`: its path from the root on. Rules see to it that there are two programs, or a policy. */
export function resolveGateOptions(options: GateOptions, kubeconfig: string | undefined): ResolvedGate {
  const { open = [], close = [], check, timeoutSeconds: seconds, networkPolicy: policy, namespace, context } = options
  if (policy !== undefined) {
    return { kind: 'networkPolicy', policy, access: kubernetesAccess({ namespace, kubeconfig, context }) }
  }
  return { kind: 'command', open, close, check, timeoutMs: (seconds ?? TIMEOUT_SECONDS) * 1_000 }
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
