import type { RunbookBody, RunbookCheckBody } from '../../api/contract/index.ts'
import type { Walk } from '../client/walk.ts'
import { Cli } from '../parts/cli.tsx'
import { RECORD_LEVELS } from '../parts/block-record.tsx'
import { Mark } from '../parts/mark.tsx'
import { Panel } from '../parts/panel.tsx'
import { Spans } from '../parts/spans.tsx'
import { linkTo } from '../route.ts'
import { fillCommand, isFilled, isMoveOrder, readRunbookText, type TextPart } from '../words/runbook-text.ts'
import { BlockStep } from './runbook-walk.tsx'

type Block = RunbookBody['blocks'][number]
type BlockRecord = RunbookCheckBody['blocks'][number]

interface RunbookTextProps {
  readonly runbook: RunbookBody
  readonly values: Readonly<Record<string, string>>
  /** What the checks came to, where they were run. */
  readonly found: readonly BlockRecord[]
  readonly walk: Walk
}

const KINDS: Readonly<Record<Block['kind'], string>> = {
  check: 'Look; this changes nothing',
  act: 'Do',
  wait: 'Wait until it holds',
  observe: 'Ask yourself',
}

/** The sections of a runbook, each block where it stands, filled with what is known. */
export function RunbookText({ runbook, values, found, walk }: RunbookTextProps) {
  const { text = '', params } = runbook
  const usual = Object.fromEntries(params.map(({ name, default: otherwise }) => [name, otherwise ?? '']))
  const said = Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim() !== ''))
  const filled = { ...usual, ...said, ...walk.shown.body?.params }
  return (
    <>
      {readRunbookText(text).map(({ title, parts }) => (
        <Panel key={title} title={title}>
          {parts.map((part, at) => (
            <Part key={`${title}:${at}`} part={part} runbook={runbook} values={filled} found={found} walk={walk} />
          ))}
        </Panel>
      ))}
    </>
  )
}

interface PartProps extends RunbookTextProps {
  readonly part: TextPart
}

function Part({ part, ...rest }: PartProps) {
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
  const block = rest.runbook.blocks.find(({ id }) => id === part.id)
  return block === undefined ? null : <BlockNote block={block} {...rest} />
}

interface BlockNoteProps extends RunbookTextProps {
  readonly block: Block
}

function BlockNote({ block, runbook, values, found, walk }: BlockNoteProps) {
  const walked = walk.shown.body?.blocks ?? []
  const record = [...found, ...walked].findLast((one) => one.block === block.id)
  const { id, kind, text, expects, isOptional, runsHere } = block
  const group = values['group'] ?? ''
  return (
    <div class="block">
      <p>
        <strong>{KINDS[kind]}</strong> <span class="faint">{isOptional ? `${id}, only where it is needed` : id}</span>{' '}
        {record !== undefined && <Mark level={RECORD_LEVELS[record.state]}>{record.state}</Mark>}
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
          <a href={linkTo(['move'], { group })}>Plan and order this move here</a>, with its guards and what it may lose
          {isMoveOrder(text) ? '; then come back to this page, and go on below.' : '.'}
        </p>
      )}
      <BlockStep block={block} walk={walk} role={runbook.role} group={values['group']} />
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
  return isMoveOrder(text) || /^isthmus plan /m.test(text)
}
