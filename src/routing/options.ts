import { Type } from 'typebox'

/** What moves the clients of a failover group, in the configuration file. Types and the reference page come from here. */
const program = (description: string) =>
  Type.Array(Type.String({ minLength: 1 }), {
    minItems: 1,
    description,
    remedy: 'give the program, then each of its arguments',
  })

const kind = Type.Enum(['command'], { description: 'A program of the operator.', remedy: 'write kind: command' })

const timeoutSeconds = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 3_600, default: 60, description: 'How long it may run.' }),
)

const ENVIRONMENT =
  'It runs without a shell, possibly more than once, with ISTHMUS_ACTION, ISTHMUS_GROUP, ISTHMUS_OPERATION, ' +
  'ISTHMUS_FROM and ISTHMUS_TO (regions) in its environment.'

export const RoutingOptions = Type.Object(
  {
    kind,
    switch: program('Points clients at the region ISTHMUS_TO. Anything but exit code 0 stops the step.'),
    check: Type.Optional(program('Ends with 0 once clients are pointed at ISTHMUS_TO. Default: `switch` is believed.')),
    timeoutSeconds,
  },
  {
    additionalProperties: false,
    description: `How clients are pointed at the active region. It is no fence. ISTHMUS_ACTION is \`switch\` or \`check\`. ${ENVIRONMENT}`,
  },
)
export type RoutingOptions = Type.Static<typeof RoutingOptions>

export const EvictionOptions = Type.Object(
  {
    kind,
    evict: program(
      'Moves clients off the region ISTHMUS_FROM, for example by restarting them or by closing its listener.',
    ),
    timeoutSeconds,
  },
  {
    additionalProperties: false,
    description: `How clients leave the old region that are still connected to it. ISTHMUS_ACTION is \`evict\`. ${ENVIRONMENT}`,
  },
)
export type EvictionOptions = Type.Static<typeof EvictionOptions>

/** The same with every default filled in. */
export interface ResolvedRouting {
  readonly kind: 'command'
  readonly switch: readonly string[]
  readonly check: readonly string[] | undefined
  readonly timeoutMs: number
}

export interface ResolvedEviction {
  readonly kind: 'command'
  readonly evict: readonly string[]
  readonly timeoutMs: number
}

const TIMEOUT_SECONDS = 60

export function resolveRouting(options: RoutingOptions): ResolvedRouting {
  const { check, timeoutSeconds: seconds = TIMEOUT_SECONDS, switch: argv } = options
  return { kind: 'command', switch: argv, check, timeoutMs: seconds * 1_000 }
}

export function resolveEviction(options: EvictionOptions): ResolvedEviction {
  const { evict, timeoutSeconds: seconds = TIMEOUT_SECONDS } = options
  return { kind: 'command', evict, timeoutMs: seconds * 1_000 }
}
