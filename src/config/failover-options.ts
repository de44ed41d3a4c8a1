import { Type } from 'typebox'

/** The `failover` section of a group: one definition for types, validation and the reference page. */
const seconds = (options: { minimum: number; maximum?: number; default: number; description: string }) =>
  Type.Optional(Type.Number({ maximum: 3600, ...options }))

export const FailoverOptions = Type.Object(
  {
    mode: Type.Optional(
      Type.Enum(['manual', 'observe', 'automatic'], {
        default: 'manual',
        description:
          'Who decides a failover. `manual`: a person. `observe`: a person, and Isthmus tells when it would have tried it, ' +
          'and why. `automatic`: Isthmus, where a majority of vantage points has seen the active region down for ' +
          '`dwellSeconds`, a standby passes its guards with a loss within `objectives.rpoSeconds`, and its fence is shown ' +
          'from outside; else it pages with the command for a person. It never fails back.',
        remedy: 'write manual, observe or automatic',
      }),
    ),
    writePauseSeconds: seconds({
      minimum: 5,
      default: 60,
      description:
        'How long a switchover may keep applications from writing. Where the new region does not hold everything by ' +
        'then, the switchover takes itself back.',
    }),
    settleSeconds: seconds({
      minimum: 1,
      default: 20,
      description: 'How long a switchover waits for the open transactions of the old region to end.',
    }),
    cutSeconds: seconds({
      minimum: 1,
      default: 15,
      description:
        'How long the marker that ends each partition of the old region may take. A partition that does not get it by ' +
        'then, because replicas of it are behind, ends the switchover.',
    }),
    groupGraceSeconds: seconds({
      minimum: 0,
      default: 5,
      description: 'How long consumer groups may go on reading to the end, before their commits are stopped.',
    }),
    catchUpSeconds: seconds({
      minimum: 0,
      default: 30,
      description:
        'How long a failover may fetch what another standby holds beyond the new region. If that takes longer, it rolls ' +
        'back and says what is missing: order it again with more time, or to the standby that is ahead.',
    }),
    rerouteSeconds: seconds({
      minimum: 1,
      default: 300,
      description:
        'How long a move waits for `routing` to point clients at the new region, before it stops for a person and says ' +
        'who points where.',
    }),
    evictSeconds: seconds({
      minimum: 1,
      default: 300,
      description: 'How long a move waits for clients to leave the old region, before it names those that have not.',
    }),
    cooldownSeconds: seconds({
      minimum: 0,
      maximum: 86_400,
      default: 300,
      description:
        'How long after a move the next one is refused by a guard. Automatic mode makes at most one attempt within it.',
    }),
    dwellSeconds: seconds({
      minimum: 60,
      default: 60,
      description:
        'How long a majority of vantage points has to see the active region down before `automatic` fails over, or ' +
        '`observe` tells that it would.',
    }),
    fenceCheckSeconds: seconds({
      minimum: 1,
      default: 10,
      description: 'Seconds between two proofs that a standby takes no writes from applications.',
    }),
    positionsFreshSeconds: seconds({
      minimum: 1,
      default: 30,
      description: 'How old the newest sync of consumer positions may be for a move to begin.',
    }),
  },
  { additionalProperties: false, description: 'How a failover is decided, and what the steps of a move may take.' },
)
export type FailoverOptions = Type.Static<typeof FailoverOptions>

/** The options with every value that is not given taken from its schema's default. */
export function resolveFailoverOptions(given: FailoverOptions = {}): Required<FailoverOptions> {
  const defaults = Object.entries(FailoverOptions.properties).map(([name, schema]) => [
    name,
    (schema as { default?: unknown }).default,
  ])
  return { ...(Object.fromEntries(defaults) as Required<FailoverOptions>), ...given }
}
