import type { SecurityPolicy } from '../policies/policy-schema.ts'

/** What brokers and listeners have to be like, with every default filled in. */
export interface ResolvedBaseline {
  readonly plaintext: 'refuse' | 'allow'
  readonly tlsMin: '1.2' | '1.3'
  /** As brokers write them, such as SCRAM-SHA-512; undefined: any. */
  readonly mechanisms: readonly string[] | undefined
  readonly anonymous: 'refuse' | 'allow'
  readonly allowEveryoneIfNoAcl: boolean
  /** Undefined: any. */
  readonly superUsers: readonly string[] | undefined
  /** Undefined: never. */
  readonly maxReauthMs: number | undefined
  readonly certificateMinDays: number
  /** False where no policy says anything: then findings are told, and stop no move. */
  readonly isDeclared: boolean
}

type Baseline = NonNullable<SecurityPolicy['baseline']>

const CERTIFICATE_MIN_DAYS = 21

/** Of several policies of a region, the strictest of each; of lists, the first. */
export function resolveBaseline(given: readonly (Baseline | undefined)[]): ResolvedBaseline {
  const all = given.filter((one) => one !== undefined)
  const first = <Key extends keyof Baseline>(key: Key) => all.find((one) => one[key] !== undefined)?.[key]
  const isAllowed = (key: 'plaintext' | 'anonymous') =>
    all.some((one) => one[key] === 'allow') && !all.some((one) => one[key] === 'refuse')
  const minutes = all.flatMap(({ maxReauthMinutes }) => maxReauthMinutes ?? [])
  const days = all.flatMap(({ certificateMinDays }) => certificateMinDays ?? [])
  return {
    plaintext: isAllowed('plaintext') ? 'allow' : 'refuse',
    tlsMin: all.some(({ tlsMin }) => tlsMin === '1.3') ? '1.3' : '1.2',
    mechanisms: first('sasl')?.map((name) => name.toUpperCase()),
    anonymous: isAllowed('anonymous') ? 'allow' : 'refuse',
    allowEveryoneIfNoAcl: first('allowEveryoneIfNoAcl') ?? false,
    superUsers: first('superUsers'),
    maxReauthMs: minutes.length === 0 ? undefined : Math.min(...minutes) * 60_000,
    certificateMinDays: days.length === 0 ? CERTIFICATE_MIN_DAYS : Math.max(...days),
    isDeclared: all.length > 0,
  }
}
