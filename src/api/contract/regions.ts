import { Type } from 'typebox'
import { FenceOnRecord } from './fences.ts'
import { count, nullableNumber, nullableText, object, text } from './schema-kit.ts'

const VoteBody = object(
  {
    vantage: text('Name of the vantage point; the one that answers comes first.'),
    standsIn: nullableText('Region that it runs in; null for none.'),
    vote: Type.Enum(['up', 'suspect', 'down', 'silent', 'in-doubt', 'cut-off', 'no-view']),
    ageSeconds: Type.Number({ minimum: 0, description: 'Age of its report.' }),
  },
  'What a vantage point says of a region.',
)

const RegionFenceBody = Type.Object(
  { group: text('Failover group that it is for.'), ...FenceOnRecord.properties },
  { additionalProperties: false, description: 'A fence on record.' },
)

export const RegionHealthBody = object(
  {
    region: text('Name of the region.'),
    level: Type.Unsafe<'healthy' | 'degraded' | 'suspect' | 'down' | null>({
      enum: ['healthy', 'degraded', 'suspect', 'down', null],
      description: 'As seen from here; null until a look at it has counted.',
    }),
    reason: text('A sentence for the operator: why this level.'),
    sinceSeconds: nullableNumber('How long it has had this level. Null where it has none.'),
    lookedSecondsAgo: nullableNumber('Age of the newest look. Null before the first.'),
    findings: Type.Array(
      object({ code: text('What it is, such as `broker-silent`.'), text: text('The evidence.') }, 'A finding.'),
      { description: 'What the newest look found wrong, the gravest first.' },
    ),
    verdict: Type.Enum(['up', 'suspect', 'down', 'unconfirmed', 'cut-off', 'isolated', 'contested', 'unknown'], {
      description: 'What all vantage points together say.',
    }),
    verdictReason: text('A sentence for the operator: why this verdict.'),
    majority: count('So many vantage points make a majority.'),
    votes: Type.Array(VoteBody),
    fences: Type.Array(RegionFenceBody, {
      description: 'On record there, of every group; none in a process that controls none.',
    }),
  },
  'Health of a region.',
)
export type RegionHealthBody = Type.Static<typeof RegionHealthBody>

export const RegionsBody = object(
  {
    vantage: text('Name of this vantage point.'),
    standsIn: nullableText('Region that it runs in; null for none.'),
    doubt: nullableText('Why this observer does not trust itself; null where it does.'),
    regions: Type.Array(RegionHealthBody),
  },
  'The regions of all failover groups, in the order of the configuration.',
)
export type RegionsBody = Type.Static<typeof RegionsBody>
