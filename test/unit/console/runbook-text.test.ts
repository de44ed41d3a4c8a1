import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fillCommand, readRunbookText } from '../../../src/console/words/runbook-text.ts'
import { parseRunbook } from '../../../src/runbooks/parse-runbook.ts'

const TEXT = `---
id: example
---

# An example

## Check

The region **answers**, see \`isthmus regions\` and
[failback](failback.md), or [the faults](../src/faults.md):

\`\`\`sh {id=down kind=check}
isthmus regions --output json
\`\`\`

\`\`\`expect
exit 0
\`\`\`

- one thing
  that goes on
- another
`

test('a runbook is read as sections of prose, lists and blocks, without its head', () => {
  expect(readRunbookText(TEXT)).toEqual([
    {
      title: 'Check',
      parts: [
        {
          kind: 'prose',
          spans: [
            { kind: 'plain', text: 'The region ' },
            { kind: 'strong', text: 'answers' },
            { kind: 'plain', text: ', see ' },
            { kind: 'code', text: 'isthmus regions' },
            { kind: 'plain', text: ' and ' },
            { kind: 'runbook', text: 'failback', runbook: 'failback' },
            { kind: 'plain', text: ', or ' },
            { kind: 'plain', text: 'the faults' },
            { kind: 'plain', text: ':' },
          ],
        },
        { kind: 'block', id: 'down' },
        {
          kind: 'list',
          items: [[{ kind: 'plain', text: 'one thing that goes on' }], [{ kind: 'plain', text: 'another' }]],
        },
      ],
    },
  ])
})

const FOLDER = new URL('../../../runbooks/', import.meta.url)
const FILES = readdirSync(FOLDER).filter((file) => file.endsWith('.md'))

test.each(FILES)('every block of %s stands in the text as it is shown, in its section', (file) => {
  const text = readFileSync(new URL(file, FOLDER), 'utf8')
  const shown = readRunbookText(text).flatMap(({ title, parts }) =>
    parts.flatMap((part) => (part.kind === 'block' ? [`${title}: ${part.id}`] : [])),
  )
  expect(shown).toEqual(parseRunbook(file, text).blocks.map(({ section, id }) => `${section}: ${id}`))
})

test('a command is filled with what is known, each value one word', () => {
  const line = 'isthmus failover $group --to $to --reason $reason'
  expect(fillCommand(line, { group: 'orders', reason: "it's gone" })).toBe(
    "isthmus failover orders --to $to --reason 'it'\\''s gone'",
  )
})
