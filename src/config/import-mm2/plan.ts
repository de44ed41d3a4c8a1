import type { Setting } from './properties.ts'

/** What a file of MirrorMaker 2 asks for, whichever form it has. */
export interface MirrorPlan {
  readonly clusters: readonly MirrorCluster[]
  readonly flows: readonly MirrorFlow[]
  /** Settings of the workers, and whatever belongs to no cluster and no flow. */
  readonly rest: readonly Setting[]
}

export interface MirrorCluster {
  readonly alias: string
  /** Settings of its clients, without the prefix of the cluster; `key` of each is that of the file. */
  readonly settings: Settings
}

export interface MirrorFlow {
  readonly source: string
  readonly target: string
  /** What holds for it, its own settings and those that it inherits. */
  readonly settings: Settings
}

/** By the name that Kafka gives a setting; the setting itself has its key in the file. */
export type Settings = ReadonlyMap<string, Setting>

/** A mistake that leaves nothing to write; as problems of a configuration. */
export interface Mistake {
  readonly key: string
  readonly line: number | null
  readonly rule: string
  readonly remedy: string
}

/**
 * `same`: Isthmus does that too. `differs`: it does something else. `decide`: a person has to look at it before the
 * first start. `file`: a file is to be made, as secrets are never written into a configuration.
 */
export type DifferenceKind = 'same' | 'differs' | 'decide' | 'file'

/** A setting and what becomes of it. */
export interface Difference {
  readonly kind: DifferenceKind
  /** As the file has it; the name of the default where it has none. */
  readonly key: string
  /** Null where it is not set, and of secrets always. */
  readonly value: string | null
  readonly line: number | null
  /** What Isthmus does instead. */
  readonly isthmus: string
  /** What to do about it; empty where nothing is. */
  readonly todo: string
}

/** Differences are told by the setting that makes them. */
export function differenceOf(
  kind: DifferenceKind,
  setting: Setting | string,
  told: { readonly isthmus: string; readonly todo?: string; readonly isSecret?: boolean },
): Difference {
  const { key, value, line } = typeof setting === 'string' ? { key: setting, value: null, line: null } : setting
  const { isthmus, todo = '', isSecret = false } = told
  return { kind, key, value: isSecret || looksSecret(key) ? null : value, line, isthmus, todo }
}

/** Values that may hold a secret are never shown. */
export function looksSecret(key: string): boolean {
  return /password|secret|jaas|token|credential|keystore\.key|private|auth/i.test(key)
}

export function valueOf(settings: Settings, name: string): string | undefined {
  const value = settings.get(name)?.value.trim()
  return value === '' ? undefined : value
}

/** As Kafka reads lists: commas, blanks around them do not count. */
export function listOf(value: string): string[] {
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}
