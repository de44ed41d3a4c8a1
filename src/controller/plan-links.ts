import { type GroupDocument, type OperationRecord, type Phase, standsAt } from '../failover/index.ts'

/** Between which regions a group is copied. */
export interface Copying {
  readonly source: string
  readonly target: string
  /** Where only these are: the name of a topic on the source. */
  readonly topics?: readonly string[]
}

export interface LinkPlan {
  readonly add: readonly Copying[]
  readonly stop: readonly (Copying & { readonly reason: string })[]
}

/** The source is given up: whoever still copies from it would add to what the catch-up compares. */
const GIVEN_UP: ReadonlySet<Phase> = new Set<Phase>(['catching-up', 'translating', 'committing'])
/** Committed, and not turned yet: `reverse` starts the new links when it has ended the old ones. */
const TURNING: ReadonlySet<Phase> = new Set<Phase>(['promoting', 'opening', 'rerouting', 'evicting', 'reversing'])

/**
 * What a process has to change so that it copies what the group's document says: pure. The steps of a move start and stop
 * links too, in the process that carries them out; what is planned here never undoes that, and lets every other process
 * follow.
 */
export function planLinks(document: GroupDocument, present: readonly Copying[]): LinkPlan {
  const { active, operation } = document
  const at = operation && standsAt(operation)
  const isFailover = operation?.kind === 'failover'
  const isGivenUp = isFailover && at !== undefined && GIVEN_UP.has(at)
  const isTurning = at !== undefined && (TURNING.has(at) || at === 'rolling-back')
  const keeps = ({ source, target }: Copying) => {
    // What a survivor gives to the region that is about to be active.
    if (isFailover && target === operation.to && source !== operation.from) return at === 'catching-up'
    return source === active && !isGivenUp && isFollowing(document, target)
  }
  const stop = present.filter((one) => !keeps(one)).map((one) => ({ ...one, reason: reasonOf(document, one) }))
  const isMissing = ({ source, target }: Copying) =>
    !present.some((one) => one.source === source && one.target === target)
  if (at === 'catching-up') return { add: donated(operation).filter(isMissing), stop }
  if (isGivenUp || isTurning) return { add: [], stop }
  const add = Object.keys(document.regions)
    .filter((target) => target !== active && isFollowing(document, target))
    .map((target) => ({ source: active, target }))
    .filter(isMissing)
  return { add, stop }
}

/** What the catch-up has put on record; whichever process found it out may copy nothing. */
function donated(operation: OperationRecord | undefined): Copying[] {
  const { donors = [], to } = operation ?? { to: '' }
  return donors.map(({ region, topics }) => ({ source: region, target: to, topics }))
}

/** Whether the region is to be copied to, or is on the last part of its way back to that. */
function isFollowing({ regions }: GroupDocument, region: string): boolean {
  const entry = Object.hasOwn(regions, region) ? regions[region] : undefined
  return entry?.role === 'standby' || entry?.return?.phase === 'rejoining'
}

function reasonOf({ group, active, epoch }: GroupDocument, { source }: Copying): string {
  return source === active
    ? `failover group ${group} does not copy there at present`
    : `${active} is active in failover group ${group} since epoch ${epoch}`
}
