import type { RunbookBody, RunbookCheckBody } from '../../api/contract/index.ts'
import { Cli } from '../parts/cli.tsx'
import { type Level, Mark } from '../parts/mark.tsx'
import { Panel } from '../parts/panel.tsx'
import { Spans } from '../parts/spans.tsx'
import { linkTo } from '../route.ts'
import { fillCommand, isFilled, readRunbookText, type TextPart } from '../words/runbook-text.ts'

type Block = RunbookBody['blocks'][number]
type BlockRecord = RunbookCheckBody['blocks'][number]

interface RunbookTextProps {
  readonly runbook: RunbookBody
  readonly values: Readonly<Record<string, string>>
  /** What the checks came to, where they were run. */
  readonly found: readonly BlockRecord[]
}

/** Of what a block came to. */
export const STATES: Readonly<Record<BlockRecord['state'], Level>> = { green: 'good', red: 'bad', skipped: 'unknown' }
const KINDS: Readonly<Record<Block['kind'], string>> = {
  check: 'Look; this changes nothing',
  act: 'Do',
  wait: 'Wait until it holds',
  observe: 'Ask yourself',
}

/** The sections of a runbook, each block where it stands, filled with what is known. */
export function RunbookText({ runbook: { text = '', params, blocks }, values, found }: RunbookTextProps) {
  const usual = Object.fromEntries(params.map(({ name, default: otherwise }) => [name, otherwise ?? '']))
  const said = Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim() !== ''))
  const filled = { ...usual, ...said }
  return (
    <>
      {readRunbookText(text).map(({ title, parts }) => (
        <Panel key={title} title={title}>
          {parts.map((part, at) => (
            <Part key={`${title}:${at}`} part={part} blocks={blocks} values={filled} found={found} />
          ))}
        </Panel>
      ))}
    </>
  )
}

interface PartProps extends Pick<RunbookTextProps, 'values' | 'found'> {
  readonly part: TextPart
  readonly blocks: readonly Block[]
}

function Part({ part, blocks, values, found }: PartProps) {
  if (part.kind === 'prose') {
    return (
      <p class="prose">
        <Spans spans={part.spans} />
      </p>
    )
  }
  if (part.kind === 'list') {
    return (
      <ul class="prose">
        {part.items.map((spans) => (
          <li key={spans.map(({ text }) => text).join('')}>
            <Spans spans={spans} />
          </li>
        ))}
      </ul>
    )
  }
  if (part.kind === 'code') {
    return (
      <pre class="output" tabIndex={0} aria-label="An example">
        {part.text}
      </pre>
    )
  }
  const block = blocks.find(({ id }) => id === part.id)
  if (block === undefined) return null
  return <BlockNote block={block} values={values} record={found.find((one) => one.block === block.id)} />
}

interface BlockNoteProps {
  readonly block: Block
  readonly values: Readonly<Record<string, string>>
  readonly record: BlockRecord | undefined
}

function BlockNote({ block, values, record }: BlockNoteProps) {
  const { id, kind, text, expects, isOptional, runsHere } = block
  const group = values['group'] ?? ''
  return (
    <div class="block">
      <p>
        <strong>{KINDS[kind]}</strong> <span class="faint">{isOptional ? `${id}, only where it is needed` : id}</span>{' '}
        {record !== undefined && <Mark level={STATES[record.state]}>{record.state}</Mark>}
        {record !== undefined && record.reason !== '' && <span> {record.reason}</span>}
      </p>
      {kind === 'observe' ? (
        <p class="prose">{text}</p>
      ) : runsHere ? (
        text.split('\n').map((line) => <Command key={line} command={fillCommand(line, values)} />)
      ) : (
        <pre class="output" tabIndex={0} aria-label={`Commands of ${id}, for a shell`}>
          {text}
        </pre>
      )}
      {kind === 'act' && isMove(text) && (
        <p>
          <a href={linkTo(['move'], { group })}>Plan and order this move here</a>, with its guards and what it may lose.
        </p>
      )}
      {expects.length > 0 && (
        <details>
          <summary>What has to come of it</summary>
          <ul>
            {expects.map((one) => (
              <li key={one}>
                <code class="block-text">{one}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  )
}

/** To be copied once it can be run as it stands. */
function Command({ command }: { readonly command: string }) {
  return isFilled(command) ? <Cli command={command} /> : <code class="block-text">{command}</code>
}

function isMove(text: string): boolean {
  return /^isthmus (plan|switchover|failover|failback) /m.test(text)
}
