import { type Clock, describeError } from '../../core/index.ts'
import {
  type BareChannel,
  type BareDial,
  type BareTls,
  type SeenTls,
  TRIED_MECHANISMS,
  type TriedMechanism,
} from '../../kafka/index.ts'

/**
 * What a listener does for somebody whom it does not know: which it speaks, what it shows, whom it lets in. Nothing is
 * believed of configs here; every line is an attempt. No password of anybody is sent; names and secrets that are made up are.
 */
export interface ListenerPlace {
  readonly host: string
  readonly port: number
  /** -1 where it is not known which broker it is of. */
  readonly broker: number
  /** As the broker calls it; its address where that is not known. */
  readonly name: string
}

export interface ListenerSight extends ListenerPlace {
  /** Undefined where it speaks neither TLS nor plain text, or does not answer. */
  readonly speaks: 'tls' | 'plaintext' | undefined
  /** Why nothing is known. */
  readonly trouble: string | undefined
  readonly tls: SeenTls | undefined
  /** Of those older than 1.3, which it agrees to. */
  readonly versions: readonly string[]
  /** Undefined where it knows no login by SASL, or did not say. */
  readonly mechanisms: readonly string[] | undefined
  /** Why it did not say, though it was asked twice. */
  readonly mechanismsTrouble: string | undefined
  /** Of those, by which a name and a secret that were made up are let in. */
  readonly letsIn: readonly TriedMechanism[]
  /** Why that is not known of one of them, though it was tried twice. */
  readonly letsInTrouble: string | undefined
  /** Whether it answers somebody without a certificate; undefined in plain text. */
  readonly answersWithoutCertificate: boolean | undefined
  /** How many topics somebody sees who has not logged in; undefined where it refuses to tell. */
  readonly anonymousTopics: number | undefined
}

export interface ListenerTools {
  readonly dial: (dial: BareDial, signal: AbortSignal) => Promise<BareChannel>
  /** PEM of the authorities that are trusted. */
  readonly ca: string | undefined
  readonly clock: Clock
  /** One attempt, within its time. */
  readonly bounded: <Result>(call: (signal: AbortSignal) => Promise<Result>) => Promise<Result>
}

const OLD = ['TLSv1', 'TLSv1.1', 'TLSv1.2'] as const

export async function probeListener(place: ListenerPlace, tools: ListenerTools): Promise<ListenerSight> {
  const secure = await ask(place, tools, { version: undefined }, async (channel) => {
    const spoke = await attempt(() => channel.speak())
    return { tls: channel.tls, answersWithoutCertificate: 'done' in spoke }
  })
  const nothing = { tls: undefined, versions: [], answersWithoutCertificate: undefined }
  if ('failed' in secure) {
    const plain = await ask(place, tools, undefined, (channel) => channel.speak())
    if ('done' in plain) {
      return { ...place, speaks: 'plaintext', trouble: undefined, ...nothing, ...(await askAsStranger(place, tools)) }
    }
    const none = { ...UNKNOWN, mechanisms: undefined, mechanismsTrouble: undefined, anonymousTopics: undefined }
    return { ...place, speaks: undefined, trouble: secure.failed, ...nothing, ...none }
  }
  const versions: string[] = []
  for (const version of OLD) {
    const agreed = await ask(place, tools, { version }, () => Promise.resolve())
    if ('done' in agreed) versions.push(version)
  }
  const strangers = await askAsStranger(place, tools, { version: undefined })
  return { ...place, speaks: 'tls', trouble: undefined, versions, ...secure.done, ...strangers }
}

type MadeUp = Pick<ListenerSight, 'letsIn' | 'letsInTrouble'>
type Strangers = MadeUp & Pick<ListenerSight, 'mechanisms' | 'mechanismsTrouble' | 'anonymousTopics'>

const UNKNOWN: MadeUp = { letsIn: [], letsInTrouble: undefined }

/** Each on a connection of its own: a listener hangs up on what it does not like. */
async function askAsStranger(place: ListenerPlace, tools: ListenerTools, tls?: Tls): Promise<Strangers> {
  const mechanisms = await askTwice(place, tools, tls, (channel) => channel.mechanisms())
  const topics = await ask(place, tools, tls, (channel) => channel.countTopics())
  const offered = 'done' in mechanisms ? mechanisms.done : undefined
  return {
    ...(await tryMadeUp(place, tools, tls, offered)),
    mechanisms: offered,
    mechanismsTrouble: 'done' in mechanisms ? undefined : mechanisms.failed,
    anonymousTopics: 'done' in topics ? topics.done : undefined,
  }
}

async function tryMadeUp(
  place: ListenerPlace,
  tools: ListenerTools,
  tls: Tls | undefined,
  offered: readonly string[] = [],
): Promise<MadeUp> {
  const letsIn: TriedMechanism[] = []
  let trouble: string | undefined
  for (const mechanism of TRIED_MECHANISMS) {
    if (!offered.includes(mechanism)) continue
    const tried = await askTwice(place, tools, tls, (channel) => channel.letsIn(mechanism, tools.clock.nowMs()))
    if ('failed' in tried) trouble = `${mechanism}: ${tried.failed}`
    else if (tried.done) letsIn.push(mechanism)
  }
  return { letsIn, letsInTrouble: trouble }
}

async function askTwice<Answer>(...question: Parameters<typeof ask<Answer>>): Promise<Attempt<Answer>> {
  const first = await ask(...question)
  return 'done' in first ? first : await ask(...question)
}

interface Tls {
  readonly version: BareTls['version']
}

/** `tls` undefined: in plain text. */
function ask<Answer>(
  { host, port }: ListenerPlace,
  { dial, ca, bounded }: ListenerTools,
  tls: Tls | undefined,
  question: (channel: BareChannel) => Promise<Answer>,
): Promise<Attempt<Answer>> {
  const options = tls && { ...(ca !== undefined && { ca }), ...(tls.version !== undefined && { version: tls.version }) }
  return attempt(() =>
    bounded(async (signal) => {
      const channel = await dial({ host, port, ...(options && { tls: options }) }, signal)
      return await question(channel).finally(() => channel.close())
    }),
  )
}

type Attempt<Result> = { readonly done: Result } | { readonly failed: string }

async function attempt<Result>(what: () => Promise<Result>): Promise<Attempt<Result>> {
  try {
    return { done: await what() }
  } catch (error) {
    return { failed: describeError(error) }
  }
}
