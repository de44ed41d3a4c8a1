import { Type } from 'typebox'

/**
 * How regions are watched: types, validation and the reference page of the configuration come from here. Everything
 * that is a time is seconds in the file; `HealthTimings` is the same in milliseconds, as the room uses it.
 */
const seconds = (options: { minimum: number; maximum?: number; default: number; description: string }) =>
  Type.Optional(Type.Number({ maximum: 3600, ...options }))

const samples = (fallback: number, description: string) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: fallback, description }))

export const HealthOptions = Type.Object(
  {
    everySeconds: seconds({
      minimum: 0.2,
      maximum: 60,
      default: 2,
      description: 'Seconds between two looks at a region.',
    }),
    timeoutSeconds: seconds({
      minimum: 0.5,
      maximum: 60,
      default: 5,
      description:
        'Seconds that each part of a look may take: connecting with TLS and login, one answer, one record to be written ' +
        'and read again. A look has two such parts.',
    }),
    partitionsSeconds: seconds({
      minimum: 1,
      default: 10,
      description:
        'Seconds between looks at all partitions of a region that is well. While brokers come and go or something is ' +
        'wrong, every look includes them.',
    }),
    degradedAfterSamples: samples(2, 'Looks in a row that find something wrong before a region counts as degraded.'),
    suspectAfterSamples: samples(2, 'Looks in a row in which the region serves nobody before it counts as suspect.'),
    downAfterSeconds: seconds({
      minimum: 1,
      default: 20,
      description:
        'Seconds for which every look has to find that no broker answers before a region counts as down. A look that ' +
        'finds otherwise, or a pause of the observer, begins the count anew.',
    }),
    writesDownAfterSeconds: seconds({
      minimum: 1,
      default: 60,
      description:
        'The same for a region whose brokers answer, and none of which takes a write. It is longer, because the loss of ' +
        'one broker stops all writes with acks=all until it is out of the replicas in sync: for ' +
        '`broker.session.timeout.ms` (9 s), or `replica.lag.time.max.ms` (30 s) where it only lost its peers.',
    }),
    recoverAfterSamples: samples(3, 'Good looks in a row before a region counts as better than it did.'),
    recoverAfterSeconds: seconds({
      minimum: 0,
      default: 10,
      description: 'Seconds for which a region that was down has to serve before it is no longer down.',
    }),
    canary: Type.Optional(
      Type.Boolean({
        default: true,
        description:
          'Whether a record is written to and read from the topic `__isthmus.health` in each look at a region of a ' +
          'failover group. It tells whether the region takes writes, how long they take and what the time there is, ' +
          'and carries what this observer sees to the others. Needs CREATE, WRITE and READ on that topic.',
      }),
    ),
    canarySlowSeconds: seconds({
      minimum: 0.01,
      maximum: 60,
      default: 2,
      description: 'A region is degraded while its canary takes longer from write to read.',
    }),
    clockOffsetSeconds: seconds({
      minimum: 0.1,
      default: 2,
      description: 'A region is degraded while its clock is surely further off than this from the clock here.',
    }),
    voterLagSeconds: seconds({
      minimum: 1,
      default: 10,
      description: 'A region is degraded while a voter of its controller quorum has not fetched for so long.',
    }),
    stallSeconds: seconds({
      minimum: 0.5,
      maximum: 60,
      default: 3,
      description: 'An observer that did not get to run for so long is in doubt: it judges nothing.',
    }),
    clockJumpSeconds: seconds({
      minimum: 0.1,
      maximum: 60,
      default: 2,
      description: 'An observer whose wall clock moved so much against its running time is in doubt, too.',
    }),
    doubtSeconds: seconds({
      minimum: 1,
      default: 15,
      description: 'Seconds without another disturbance after which an observer is trusted again.',
    }),
    reportStaleSeconds: seconds({
      minimum: 1,
      default: 15,
      description: 'What another vantage point saw counts for so long.',
    }),
    vantageForgetSeconds: seconds({
      minimum: 10,
      maximum: 86_400,
      default: 900,
      description:
        'A vantage point that is not heard of still counts, without a vote, when a majority is needed; after so many ' +
        'seconds it is forgotten.',
    }),
    vantagePoints: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 200,
        default: 0,
        description:
          'How many vantage points there are: controllers and agents, in all. Automatic mode needs at least three, and more ' +
          'than half of them to see a region down; one that is not heard of counts as one that does not. 0: not said.',
      }),
    ),
    vantage: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._-]{0,200}$',
        default: '',
        description: 'Unique name of this process as a vantage point. Empty: host name and port of the API.',
        rule: 'not a name of a vantage point',
        remedy: 'use up to 200 of a-z A-Z 0-9 . _ -',
      }),
    ),
    standsIn: Type.Optional(
      Type.String({
        default: '',
        description:
          'Name of the region in which this process runs. It tells a region that is down from one that is cut off from ' +
          'the others. Empty: it runs outside of all of them.',
      }),
    ),
  },
  { additionalProperties: false, description: 'How regions are watched, and when they count as down.' },
)
export type HealthOptions = Type.Static<typeof HealthOptions>

/** The options with every value that is not given taken from its schema's default. */
export function resolveHealthOptions(given: HealthOptions = {}): Required<HealthOptions> {
  const defaults = Object.entries(HealthOptions.properties).map(([name, schema]) => [
    name,
    (schema as { default?: unknown }).default,
  ])
  return { ...(Object.fromEntries(defaults) as Required<HealthOptions>), ...given }
}

/** The timings in milliseconds, and the counts. */
export interface HealthTimings {
  readonly everyMs: number
  readonly timeoutMs: number
  readonly partitionsMs: number
  readonly degradedAfterSamples: number
  readonly suspectAfterSamples: number
  readonly downAfterMs: number
  readonly writesDownAfterMs: number
  readonly recoverAfterSamples: number
  readonly recoverAfterMs: number
  readonly canarySlowMs: number
  readonly clockOffsetMs: number
  readonly voterLagMs: number
  readonly stallMs: number
  readonly clockJumpMs: number
  readonly doubtMs: number
  readonly reportStaleMs: number
  readonly vantageForgetMs: number
}

export function healthTimings(options: Required<HealthOptions> = resolveHealthOptions()): HealthTimings {
  return {
    everyMs: options.everySeconds * 1_000,
    timeoutMs: options.timeoutSeconds * 1_000,
    partitionsMs: options.partitionsSeconds * 1_000,
    degradedAfterSamples: options.degradedAfterSamples,
    suspectAfterSamples: options.suspectAfterSamples,
    downAfterMs: options.downAfterSeconds * 1_000,
    writesDownAfterMs: options.writesDownAfterSeconds * 1_000,
    recoverAfterSamples: options.recoverAfterSamples,
    recoverAfterMs: options.recoverAfterSeconds * 1_000,
    canarySlowMs: options.canarySlowSeconds * 1_000,
    clockOffsetMs: options.clockOffsetSeconds * 1_000,
    voterLagMs: options.voterLagSeconds * 1_000,
    stallMs: options.stallSeconds * 1_000,
    clockJumpMs: options.clockJumpSeconds * 1_000,
    doubtMs: options.doubtSeconds * 1_000,
    reportStaleMs: options.reportStaleSeconds * 1_000,
    vantageForgetMs: options.vantageForgetSeconds * 1_000,
  }
}

/** The longest that two good looks in a row can be apart; a longer pause begins every count anew. */
export function longestGapMs({ everyMs, timeoutMs }: Pick<HealthTimings, 'everyMs' | 'timeoutMs'>): number {
  return 2 * (everyMs + 2 * timeoutMs)
}
