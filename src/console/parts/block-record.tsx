import type { RunbookCheckBody } from '../../api/contract/index.ts'
import { duration, moment } from '../words/numbers.ts'
import { Cli } from './cli.tsx'
import { type Level, Mark } from './mark.tsx'

type Came = RunbookCheckBody['blocks'][number]

/** Of what a block came to. */
export const RECORD_LEVELS: Readonly<Record<Came['state'], Level>> = { green: 'good', red: 'bad', skipped: 'unknown' }

/** What a block came to: each command with what it said and when, and each thing that was expected. */
export function BlockRecord({ record }: { readonly record: Came }) {
  return (
    <>
      {record.commands.map(({ command, stdout, stderr, exitCode, tookMs, atMs }) => (
        <div key={`${command} ${atMs}`}>
          <Cli command={command} />
          <p class="faint">
            {moment(atMs)}: exit code {exitCode}, took {duration(tookMs / 1_000)}.
          </p>
          <pre class="output" tabIndex={0} aria-label={`What ${command} said`}>
            {`${stdout}${stderr}` || 'It said nothing.'}
          </pre>
        </div>
      ))}
      <ul>
        {record.findings.map(({ expected, holds, found }) => (
          <li key={expected}>
            <Mark level={holds ? 'good' : 'bad'}>{holds ? 'holds' : 'does not hold'}</Mark> <code>{expected}</code>
            {holds ? '' : `, found ${found}`}
          </li>
        ))}
      </ul>
    </>
  )
}
