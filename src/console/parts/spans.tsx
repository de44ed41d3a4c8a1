import { linkTo } from '../route.ts'
import type { Span } from '../words/runbook-text.ts'

/** Words of a runbook; others that it names are one press away. */
export function Spans({ spans }: { readonly spans: readonly Span[] }) {
  return (
    <>
      {spans.map((span, at) => (
        <One key={`${at}:${span.text}`} span={span} />
      ))}
    </>
  )
}

function One({ span: { kind, text, runbook } }: { readonly span: Span }) {
  if (kind === 'strong') return <strong>{text}</strong>
  if (kind === 'code') return <code class="block-text">{text}</code>
  if (kind === 'runbook') return <a href={linkTo(['runbooks', runbook ?? ''])}>{text}</a>
  return <>{text}</>
}
