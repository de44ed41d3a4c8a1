import { Type } from 'typebox'
import { count, nullableText, object, text } from './schema-kit.ts'

const BLOCKS_MOST = 50

const ParamBody = object(
  {
    name: text('Its name.'),
    type: Type.Enum(['name', 'text', 'number', 'choice']),
    describe: text('What it is.'),
    default: nullableText('Null where one has to be given.'),
    values: Type.Array(Type.String(), { description: 'Of a choice.' }),
  },
  'A parameter of a runbook.',
)

export const BlockBody = object(
  {
    id: text('Names it in its runbook.'),
    kind: Type.Enum(['check', 'act', 'wait', 'observe'], {
      description:
        '`check` changes nothing. `act` changes something. `wait` repeats a check until it holds. `observe` is a question.',
    }),
    section: text('Where it stands.'),
    text: text('The command lines, or the question.'),
    expects: Type.Array(Type.String(), { description: 'What has to hold.' }),
    isOptional: Type.Boolean({ description: 'True where a run leaves it out unless it is named.' }),
    runsHere: Type.Boolean({ description: 'False where only the command line runs it: the API has no shell.' }),
  },
  'A block of a runbook.',
)

export const RunbookBody = object(
  {
    id: text('Its name.'),
    title: text('What it is about.'),
    severity: Type.Enum(['critical', 'warning', 'planned']),
    when: text('In which situation it is the right one.'),
    alerts: Type.Array(Type.String(), { description: 'Alerts that lead to it.' }),
    role: Type.Enum(['viewer', 'operator', 'admin'], { description: 'What its actions need.' }),
    owner: text('Who keeps it up to date.'),
    params: Type.Array(ParamBody),
    blocks: Type.Array(BlockBody),
    text: Type.Optional(text('The whole of it, as Markdown; only of a single one.')),
  },
  'A runbook.',
)
export type RunbookBody = Type.Static<typeof RunbookBody>

export const RunbooksBody = object({ runbooks: Type.Array(RunbookBody) }, 'Every runbook.')
export type RunbooksBody = Type.Static<typeof RunbooksBody>

const BlockRecordBody = object(
  {
    block: text('Its id.'),
    kind: Type.Enum(['check', 'act', 'wait', 'observe']),
    state: Type.Enum(['green', 'red', 'skipped']),
    reason: text('What was not as expected, and what was there instead.'),
    commands: Type.Array(
      object(
        {
          command: text('As one would type it.'),
          atMs: count('When, milliseconds since 1970.'),
          tookMs: count('How long it took.'),
          exitCode: Type.Integer({ description: 'What it ended with.' }),
          stdout: text('The beginning of what it said.'),
          stderr: text('The same of its errors.'),
        },
        'A command as it was carried out.',
      ),
    ),
    findings: Type.Array(
      object(
        {
          expected: text('As the runbook has it.'),
          holds: Type.Boolean({ description: 'Whether it holds.' }),
          found: text("What was there instead; '' where it holds."),
        },
        'What had to hold.',
      ),
    ),
  },
  'What a block came to.',
)

export const RunbookCheckBody = object(
  {
    runbook: text('Its name.'),
    isGreen: Type.Boolean({ description: 'Whether every check is green.' }),
    blocks: Type.Array(BlockRecordBody),
  },
  'The checks of a runbook, carried out now.',
)
export type RunbookCheckBody = Type.Static<typeof RunbookCheckBody>

const paramPair = Type.String({ maxLength: 700, pattern: '^[a-zA-Z0-9]+=', description: 'NAME=VALUE' })
export const RunbookCheckQuery = object(
  { param: Type.Optional(Type.Union([paramPair, Type.Array(paramPair, { maxItems: 20 })])) },
  'Parameters, each as `param=NAME=VALUE`.',
)

const by = Type.String({ minLength: 1, maxLength: 200, description: 'Who.' })
const wantedBlocks = {
  blocks: Type.Array(Type.String({ maxLength: 100 }), {
    minItems: 1,
    maxItems: BLOCKS_MOST,
    description: 'Ids of the blocks that are wanted, in this order. Naming one that acts confirms it.',
  }),
  answers: Type.Optional(
    Type.Boolean({ description: 'The answer to every question among them; without it they are left out.' }),
  ),
}

export const RunbookRunRequest = object(
  {
    by,
    params: Type.Optional(Type.Record(Type.String({ maxLength: 100 }), Type.String({ maxLength: 500 }))),
    ...wantedBlocks,
  },
  'Which blocks are to be carried out.',
)

export const RunbookFurtherRequest = object(
  { by, ...wantedBlocks },
  'Which further blocks are to be carried out in a run.',
)

export const RunbookRunBody = object(
  {
    id: text('Names it in this process.'),
    runbook: text('Name of the runbook.'),
    by: text('Who asked.'),
    state: Type.Enum(['running', 'done', 'stopped'], {
      description: '`stopped`: a block was red, or somebody stopped it; the blocks behind it were not carried out.',
    }),
    startedAtMs: count('When, milliseconds since 1970.'),
    endedAtMs: Type.Unsafe<number | null>({ type: ['integer', 'null'], description: 'Null while it runs.' }),
    params: Type.Record(Type.String(), Type.String(), {
      description: 'What its blocks are filled with: its parameters, and what earlier blocks have saved.',
    }),
    wanted: Type.Array(Type.String(), { description: 'Blocks that were asked for.' }),
    blocks: Type.Array(BlockRecordBody, { description: 'Those that were carried out, each time.' }),
  },
  'A run of some blocks of a runbook.',
)
export type RunbookRunBody = Type.Static<typeof RunbookRunBody>

export const RunbookRunsBody = object(
  { runs: Type.Array(RunbookRunBody) },
  'The newest runs since the process started, the newest first.',
)
