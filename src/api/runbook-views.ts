import type { Runbook } from '../runbooks/index.ts'
import type { RunbookBody, RunbookRunBody } from './contract/index.ts'
import type { RunbookRun } from './runbook-runs.ts'

/** Runbooks and their runs in the words of the API. Pure. */
export function viewRunbook(
  { id, title, severity, when, alerts, role, owner, params, blocks, text }: Runbook,
  { withText = false }: { readonly withText?: boolean } = {},
): RunbookBody {
  return {
    id,
    title,
    severity,
    when,
    alerts: [...alerts],
    role,
    owner,
    params: Object.entries(params).map(([name, { type, describe, default: given = null, values = [] }]) => {
      return { name, type, describe, default: given, values: [...values] }
    }),
    blocks: blocks.map((block) => ({
      id: block.id,
      kind: block.kind,
      section: block.section,
      text: block.text,
      expects: block.expectations.map((one) => one.text),
      isOptional: block.isOptional,
      runsHere: block.kind === 'observe' || block.commands !== undefined,
    })),
    ...(withText && { text }),
  }
}

export function viewRun(run: RunbookRun): RunbookRunBody {
  const { id, runbook, by, state, startedAtMs, endedAtMs, values, wanted, records } = run
  const blocks = structuredClone(records) as RunbookRunBody['blocks']
  return { id, runbook, by, state, startedAtMs, endedAtMs, params: { ...values }, wanted: [...wanted], blocks }
}
