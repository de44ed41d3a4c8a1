/**
 * A runbook: plain Markdown that says what to do, with blocks that run. What stands in the file is all there is: a block
 * shows the command that it runs.
 */
export interface Runbook {
  /** The file's name without `.md`. */
  readonly id: string
  readonly title: string
  /** Alerts that lead here. */
  readonly alerts: readonly string[]
  readonly severity: 'critical' | 'warning' | 'planned'
  /** One sentence: in which situation this is the right one. */
  readonly when: string
  readonly params: Readonly<Record<string, Param>>
  /** The role in the API that its actions need. */
  readonly role: 'viewer' | 'operator' | 'admin'
  /** Who keeps it up to date. */
  readonly owner: string
  readonly sections: readonly Section[]
  readonly blocks: readonly Block[]
  /** The whole file. */
  readonly text: string
}

/** In this order; each is there, and none besides. */
export const SECTIONS = [
  'When to use',
  'When NOT to use',
  'Impact',
  'Check',
  'Decide',
  'Act',
  'Verify',
  'Roll back',
  'Evidence',
] as const
export type SectionName = (typeof SECTIONS)[number]

export interface Section {
  readonly name: SectionName
  readonly line: number
}

/** What a parameter may be. `name`: of a group, region, link or the like. `text`: a sentence. */
export const PARAM_TYPES = ['name', 'text', 'number', 'choice'] as const

export interface Param {
  readonly type: (typeof PARAM_TYPES)[number]
  readonly describe: string
  /** Undefined where one has to be given. */
  readonly default?: string
  /** Of a choice. */
  readonly values?: readonly string[]
}

/**
 * `check` looks and changes nothing, at any time. `act` changes something, and is confirmed first. `wait` is a check that
 * is repeated until it holds. `observe` asks a person.
 */
export const KINDS = ['check', 'act', 'wait', 'observe'] as const
export type BlockKind = (typeof KINDS)[number]

export interface Block {
  readonly id: string
  readonly kind: BlockKind
  readonly section: SectionName
  readonly line: number
  /** Of an `observe` block: the question. Otherwise what is shown. */
  readonly text: string
  /** Command lines of Isthmus, as words, without the program's name; undefined where the block is for a shell. */
  readonly commands: readonly (readonly string[])[] | undefined
  readonly expectations: readonly Expectation[]
  /** True where a run leaves it out unless it is named. */
  readonly isOptional: boolean
  /** Of `wait`: until when it has to hold. */
  readonly withinMs: number
}

/** What has to hold of the last command of a block. */
export type Expectation = { readonly line: number; readonly text: string } & (
  | { readonly kind: 'exit'; readonly codes: readonly number[] }
  | { readonly kind: 'contains'; readonly needle: string; readonly isNegated: boolean }
  /** Every value at the path, of which there is at least one. */
  | { readonly kind: 'compare'; readonly path: Path; readonly operator: Operator; readonly value: Operand }
  | { readonly kind: 'count'; readonly path: Path; readonly operator: Operator; readonly value: Operand }
  /** Keeps the first value at the path, for later blocks. */
  | { readonly kind: 'save'; readonly path: Path; readonly name: string }
)

export const OPERATORS = ['==', '!=', '<=', '>=', '<', '>'] as const
export type Operator = (typeof OPERATORS)[number]

/** A value as written, or one that a parameter gives. */
export type Operand = { readonly value: unknown } | { readonly param: string }

export type Path = readonly PathStep[]

export type PathStep =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  /** Elements whose key equals one of the values. */
  | { readonly kind: 'where'; readonly key: string; readonly values: readonly Operand[] }
