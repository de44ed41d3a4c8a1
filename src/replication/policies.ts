import { Type } from 'typebox'

type Choice<Choices extends string[]> = Type.TOptional<Type.TEnum<[...Choices]>>

/**
 * What a link does about each kind of loss or foreign hand. Whatever it does is told as an event, counted, and named
 * with its exact range; no policy makes anything silent.
 */
const choice = <const Choices extends string[]>(choices: [...Choices], description: string): Choice<Choices> =>
  Type.Optional(
    Type.Enum(choices, {
      default: choices[0],
      description,
      remedy: `write one of ${choices.join(', ')}`,
    }),
  )

export const LinkPolicies = Type.Object(
  {
    retentionGap: choice(
      ['record', 'stop'],
      'Retention or DeleteRecords removed records at the source before they were copied: `record` names the lost range ' +
        'and goes on behind it, `stop` stops the flow until the loss is acknowledged.',
    ),
    sourceRecreated: choice(
      ['stop', 'reseed'],
      'The source topic was deleted and made again: `stop` keeps the old copy and stops the flow, `reseed` deletes the ' +
        'target topic and copies the new one from its beginning.',
    ),
    sourceTruncated: choice(
      ['stop', 'reseed'],
      'An unclean leader election removed records at the source that had been copied: `stop`, or `reseed`.',
    ),
    targetRebuilt: choice(
      ['reseed', 'stop'],
      'The target topic or cluster was made anew and is empty: `reseed` copies everything again, `stop` stops the flow.',
    ),
    foreignWriter: choice(
      ['stop', 'reseed'],
      'Something else wrote to the target topic: `stop`, or `reseed`, which deletes what the other has written.',
    ),
    recordRefused: choice(
      ['stop', 'quarantine', 'skip'],
      'The target refuses a record, for its size or its timestamp: `stop` stops the flow, `quarantine` keeps the record ' +
        'in `__isthmus.quarantine` with its origin and goes on, `skip` leaves it out.',
    ),
    existingTarget: choice(
      ['refuse', 'adopt'],
      'The target topic holds records and no offset map knows where they come from: `refuse` stops the flow, `adopt` ' +
        'compares them with the source and goes on behind them where every one is a copy.',
    ),
    mapLost: choice(
      ['rebuild', 'stop'],
      'The offset map of a copy is lost or damaged: `rebuild` matches the records of both sides and refuses where they ' +
        'do not match, `stop` stops the flow.',
    ),
  },
  { additionalProperties: false, description: 'What to do about loss, and about others who write.' },
)
export type LinkPolicies = Type.Static<typeof LinkPolicies>
export type ResolvedPolicies = Readonly<Required<LinkPolicies>>

/** The policies with every value that is not given taken from its schema's default. */
export function resolvePolicies(given: LinkPolicies = {}): ResolvedPolicies {
  const defaults = Object.entries(LinkPolicies.properties).map(([name, schema]) => [
    name,
    (schema as { default?: unknown }).default,
  ])
  return { ...(Object.fromEntries(defaults) as Required<LinkPolicies>), ...given }
}
