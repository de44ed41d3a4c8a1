import type { RunbookBody, RunbookRunBody } from '../../api/contract/index.ts'
import { useApi } from './hooks.ts'
import { type Sending, useCaller, useOrder } from './orders.ts'
import type { Shown } from './resource.ts'

/**
 * A runbook that is walked through block by block. The first block begins a run, the others go on in it: what earlier
 * ones have saved is known to them, and there is one record of all.
 */
export interface Walk {
  readonly shown: Shown<RunbookRunBody>
  readonly order: Sending<RunbookRunBody>
  /** Why no block can be carried out now. */
  readonly obstacle: string | undefined
  /** Where an order for a block goes, and what is sent beside its blocks. */
  readonly path: string
  readonly body: object
  /** What only looks, and the answer to a question. */
  carryOut(block: string, answers?: boolean): Promise<void>
  /** The API has taken an order. */
  taken(run: RunbookRunBody): void
}

interface WalkOptions {
  readonly runbook: RunbookBody | undefined
  readonly params: Readonly<Record<string, string>>
  /** Undefined before the first block. */
  readonly runId: string | undefined
  /** Parameters that are still to be said. */
  readonly missing: readonly string[]
  readonly onBegin: (runId: string) => void
}

export function useWalk({ runbook, params, runId, missing, onBegin }: WalkOptions): Walk {
  const at = runId === undefined ? undefined : `/runbook-runs/${encodeURIComponent(runId)}`
  const shown = useApi<RunbookRunBody>(at, 1_000)
  const order = useOrder<RunbookRunBody>()
  const { name, refusal } = useCaller('operator')
  const isRunning = shown.body?.state === 'running'
  const path = at === undefined ? `/runbooks/${encodeURIComponent(runbook?.id ?? '')}/runs` : `${at}/blocks`
  const body = at === undefined ? { params } : {}
  const taken = ({ id }: RunbookRunBody) => {
    if (runId === undefined) onBegin(id)
  }
  return {
    shown,
    order,
    path,
    body,
    taken,
    obstacle:
      refusal ??
      (missing.length > 0 ? `First say: ${missing.join(', ')}.` : undefined) ??
      (isRunning ? 'Wait until the block that is carried out has ended.' : undefined),
    async carryOut(block, answers) {
      const answered = answers === undefined ? {} : { answers }
      const run = await order.send({ path, body: { ...body, by: name, blocks: [block], ...answered } })
      if (run !== undefined) taken(run)
    },
  }
}
