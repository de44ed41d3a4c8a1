/** A runbook with the sections that each has, and the given blocks in some of them. */
export function runbookText(given: {
  readonly head?: string
  readonly check?: string
  readonly act?: string
  readonly rollBack?: string
  readonly id?: string
}): string {
  const { id = 'sample', check = 'Nothing.', act = 'Nothing.', rollBack = 'Nothing.' } = given
  const head = given.head ?? 'params:\n  link: { type: name, describe: "the link" }'
  return `---
id: ${id}
alerts: [IsthmusLagHigh]
severity: warning
when: "Something is late."
${head}
requires: { role: operator }
owner: on-call
---

# Something is late

## When to use

Now.

## When NOT to use

Later.

## Impact

None.

## Check

${check}

## Decide

Think.

## Act

${act}

## Verify

Look.

## Roll back

${rollBack}

## Evidence

All of it.
`
}

export function blockText(info: string, body: string, expect?: string): string {
  const expected = expect === undefined ? '' : `\n\`\`\`expect\n${expect}\n\`\`\`\n`
  return `\`\`\`sh {${info}}\n${body}\n\`\`\`\n${expected}`
}
