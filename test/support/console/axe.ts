import axe from 'axe-core'
import type { Page } from 'playwright-core'

interface Finding {
  readonly id: string
  readonly help: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

/** What axe finds wrong with the page as it stands, one sentence each. */
export async function findViolations(page: Page): Promise<string[]> {
  // As a debugger would: the page itself lets no foreign script in.
  await page.evaluate(axe.source)
  const findings = await page.evaluate<Finding[]>(`axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }).then(({ violations }) => violations)`)
  return findings.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${help}: ${html} ${failureSummary.replaceAll('\n', ' ')}`),
  )
}
