import { expect, test } from 'vitest'
import { parseRunbook } from '../../../src/runbooks/index.ts'
import { blockText, runbookText } from '../../support/runbook-text.ts'

const parse = (given: Parameters<typeof runbookText>[0]) => parseRunbook('runbooks/sample.md', runbookText(given))

/** Of a runbook that cannot be read: what is said, and what is to be done. */
function complaint(given: Parameters<typeof runbookText>[0]): string {
  try {
    parse(given)
    return 'none'
  } catch (error) {
    const { message, remedy } = error as { message: string; remedy: string }
    return `${message} | ${remedy}`
  }
}

test('a runbook is its head, its sections, and blocks with what is expected of them', () => {
  const check = blockText(
    'id=lag kind=check',
    'isthmus lag --link "$link" \\\n  --output json',
    'exit 0, 5\n$.a[0].b <= 3',
  )
  const act = blockText('id=go kind=act optional', "isthmus resume --link $link --by 'some one'", 'exit 0')
  const runbook = parse({ check, act })
  expect(runbook).toMatchObject({
    id: 'sample',
    title: 'Something is late',
    alerts: ['IsthmusLagHigh'],
    severity: 'warning',
    role: 'operator',
    params: { link: { type: 'name', describe: 'the link' } },
  })
  expect(runbook.blocks).toMatchObject([
    {
      id: 'lag',
      kind: 'check',
      section: 'Check',
      commands: [['lag', '--link', '$link', '--output', 'json']],
      expectations: [
        { kind: 'exit', codes: [0, 5] },
        { kind: 'compare', operator: '<=', value: { value: 3 } },
      ],
    },
    { id: 'go', section: 'Act', isOptional: true, commands: [['resume', '--link', '$link', '--by', 'some one']] },
  ])
})

test('a line that is not of Isthmus makes the block one for a shell', () => {
  const { blocks } = parse({ act: blockText('id=go kind=act', 'isthmus status\nkubectl get pods | head', 'exit 0') })
  expect(blocks).toMatchObject([{ commands: undefined, text: 'isthmus status\nkubectl get pods | head' }])
})

test('what an earlier block saves is known to those behind it', () => {
  const first = blockText('id=first kind=check', 'isthmus status --output json', 'save from = $.a')
  const second = blockText('id=second kind=check', 'isthmus clients $from --output json', 'exit 0')
  expect(parse({ check: `${first}\n${second}` }).blocks).toHaveLength(2)
  expect(complaint({ check: `${second}\n${first}` })).toContain('$from is not known here')
})

const ok = (info: string) => blockText(info, 'isthmus status', 'exit 0')

test.each([
  ['no head', { head: 'params: {}\nnonsense: 1' }, ':7: nonsense is no key | correct that line: use id, alerts'],
  ['another name', { id: 'other' }, ':2: id is not the name of the file'],
  [
    'an unknown type',
    { head: 'params: { link: { type: link, describe: x } }' },
    'link has no type | correct that line: use name, text',
  ],
  [
    'an unknown kind',
    { check: ok('id=a kind=look') },
    ':28: look is no kind of block | correct that line: use check, act, wait, observe',
  ],
  ['no id', { check: ok('kind=check') }, 'the block has no id'],
  ['two of a name', { check: `${ok('id=a kind=check')}\n${ok('id=a kind=check')}` }, 'there are two blocks a'],
  [
    'an action among the checks',
    { check: ok('id=a kind=act') },
    'a acts in Check | correct that line: move it to Act or Roll back',
  ],
  ['nothing expected', { check: blockText('id=a kind=check', 'isthmus status') }, 'nothing is expected of a'],
  ['no attributes', { check: '```sh\nisthmus status\n```' }, 'a block of commands says not what it is'],
  ['a check by a shell', { check: blockText('id=a kind=check', 'ls', 'exit 0') }, 'a looks by a shell'],
  ['a pipe', { check: blockText('id=a kind=check', 'isthmus status | head', 'exit 0') }, 'means something to a shell'],
  ['an open quote', { check: blockText('id=a kind=check', 'isthmus pause "x', 'exit 0') }, 'a quote is not closed'],
  [
    'an unknown parameter',
    { check: blockText('id=a kind=check', 'isthmus lag -l $x', 'exit 0') },
    '$x is not known here',
  ],
  [
    'an unknown expectation',
    { check: blockText('id=a kind=check', 'isthmus lag', 'it is well') },
    ':33: it is none of exit',
  ],
  [
    'a wrong path',
    { check: blockText('id=a kind=check', 'isthmus lag', '$.a[x] == 1') },
    'the path is not clear at [x]',
  ],
  ['an open block', { rollBack: '```sh {id=a kind=act}' }, 'the block does not end'],
  ['an expectation of nothing', { check: '```expect\nexit 0\n```' }, 'it follows no block'],
  ['a strange section', { check: '## Later' }, 'Later is no section'],
])('a runbook with %s is refused, with the line and the remedy', (_what, given, says) => {
  expect(complaint(given)).toContain('runbooks/sample.md')
  expect(complaint(given)).toContain(says)
})
