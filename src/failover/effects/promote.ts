import { regionName } from '../../core/index.ts'
import type { CloseOptions, MovedLink, Moves } from '../../replication/index.ts'
import type { Outcome } from '../outcome.ts'
import { donatedLink, unpackDonated } from './catch-up.ts'
import { unpackProofs } from './evidence-of-cut.ts'
import { lift } from './fence-effects.ts'
import { type EffectCall, stopCopy, withMoves } from './group-rooms.ts'
import { configsIn } from './log-effects.ts'
import { firstOf } from './outcomes.ts'
import { evidenceIfKept } from './reverse.ts'

const PROMOTION = { isPromotion: true, markers: 'always' } as const

/**
 * Takes over what was copied to the new active region: the links end, and with them every copy, behind a marker on every
 * partition. What was fetched from other survivors ends first: it lies behind what the lost region gave. A failover finds it
 * on the region itself, so that nothing is left of a catch-up that was cut short, or whose evidence is lost.
 */
export async function promote(call: EffectCall): Promise<Outcome> {
  const { rooms, operation, from, to } = call
  const isCut = operation.kind !== 'failover'
  const proofs = unpackProofs(await call.evidenceOf('proving'))
  const donated = isCut ? [] : unpackDonated(await evidenceIfKept(call, 'catching-up'))
  return await withMoves(call, async (moves) => {
    for (const one of donated) {
      const how = { ...PROMOTION, proofs: one.proofs, unproved: 'end' } as const
      const trouble = await end(call, moves, donatedLink(call, one), how)
      if (trouble !== undefined) return trouble
    }
    const left = isCut ? undefined : await endOthers(call, moves, PROMOTION)
    if (left !== undefined) return left
    const own = rooms.linkOf(from, to)
    await stopCopy(call, own, `${to} is to be active`)
    const trouble = await end(call, moves, own, { ...PROMOTION, proofs, unproved: isCut ? 'wait' : 'end' })
    return trouble ?? (await putConfigsInForce(call, moves))
  })
}

async function putConfigsInForce(call: EffectCall, moves: Moves): Promise<Outcome> {
  const { rooms, to, signal } = call
  const configs = configsIn(await call.evidenceOf('settling')) ?? (await rooms.recordedConfigs(to, signal))
  const reason = `every copy on ${to} has ended`
  if (configs === undefined) {
    const warning = `the topics of ${to} keep what they have as copies: no configs of the source were recorded yet`
    return { kind: 'done', reason, findings: { warning } }
  }
  const refused = await moves.applyConfigs(to, configs, signal)
  if (refused.length === 0) return { kind: 'done', reason: `${reason}, ${configs.length} topics have their configs` }
  return { kind: 'waiting', reason: firstOf(refused.map((one) => `${one.targetTopic}: ${one.reason}`)) }
}

/** Undefined once no region of the group but the one that is left has an open copy here. */
export async function endOthers(
  call: EffectCall,
  moves: Moves,
  how: Pick<CloseOptions, 'isPromotion' | 'markers'>,
): Promise<Outcome | undefined> {
  const { rooms, document, from, to, signal } = call
  const copies = await moves.returned.openCopies(to, rooms.topics, signal)
  const own = new Set(copies.filter(({ key }) => key.source === from).map(placeOf))
  // Where the own copy is open beside another one, it has gone on since, and the tail is its.
  const left = copies.filter((copy) => Object.hasOwn(document.regions, copy.key.source) && !own.has(placeOf(copy)))
  for (const [source, of] of Map.groupBy(left, ({ key }) => key.source)) {
    const link = rooms.linkOf(regionName(source), to)
    await stopCopy(call, link, `what ${to} has from ${source} is to end`)
    const onlyTopics = new Set(of.map(({ key }) => key.topic))
    const trouble = await end(call, moves, link, { ...how, unproved: 'end', onlyTopics })
    if (trouble !== undefined) return trouble
  }
  return undefined
}

function placeOf({ key }: { readonly key: { readonly targetTopic: string; readonly partition: number } }): string {
  return `${key.targetTopic}-${key.partition}`
}

export async function open(call: EffectCall): Promise<Outcome> {
  return await lift(call, call.to)
}

/** Undefined once every copy of the link has ended. */
async function end(
  { operation, signal }: EffectCall,
  moves: Moves,
  link: MovedLink,
  how: Omit<CloseOptions, 'by'>,
): Promise<Outcome | undefined> {
  const { closed, waiting } = await moves.close(link, { ...how, by: operation.id }, signal)
  if (waiting.length === 0) return undefined
  const reason = firstOf(waiting.map(({ key, reason: why }) => `${key.targetTopic}-${key.partition}: ${why}`))
  return { kind: 'waiting', reason, progress: { done: closed.length, total: closed.length + waiting.length } }
}
