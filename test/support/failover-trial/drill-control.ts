import type { DrillBody, DrillRequest, DrillsBody, FailoverGroupBody } from '../../../src/api/contract/index.ts'
import type { DrillReport } from '../../../src/failover/index.ts'
import { eventually, type IsthmusProcess } from '../isthmus-process.ts'
import { GROUP } from './control.ts'

/** Drills as their operator orders them: by the API. */
export const CANARY_GROUP = `${GROUP}-canary`
const DRILL_LIMIT_MS = 300_000
const AT = `/api/v1/failover-groups/${GROUP}/drills`

export interface OrderedDrill {
  readonly level: DrillRequest['level']
  readonly key: string
  readonly staySeconds?: number
}

/** Answers 202 with the drill, or throws with the code of the problem. */
export async function orderDrill(
  isthmus: Pick<IsthmusProcess, 'apiUrl'>,
  { level, key, staySeconds = 1 }: OrderedDrill,
): Promise<DrillBody> {
  const body = { level, staySeconds, by: 'trial', reason: 'a trial' }
  return await post<DrillBody>(isthmus, AT, body, { 'idempotency-key': key })
}

export async function approveDrill(isthmus: Pick<IsthmusProcess, 'apiUrl'>): Promise<void> {
  await post(isthmus, `${AT}/approval`, { by: 'approver', reason: 'a trial' })
}

export async function drillOf(isthmus: IsthmusProcess, id: string): Promise<DrillBody> {
  return JSON.parse(await isthmus.get(`${AT}/${id}`)) as DrillBody
}

export async function drillsOf(isthmus: IsthmusProcess): Promise<DrillsBody> {
  return JSON.parse(await isthmus.get(AT)) as DrillsBody
}

export async function reportOf(isthmus: IsthmusProcess, id: string): Promise<DrillReport> {
  return JSON.parse(await isthmus.get(`${AT}/${id}/report`)) as DrillReport
}

export async function untilDrill(
  isthmus: IsthmusProcess,
  id: string,
  is: (drill: DrillBody) => boolean,
  signal: AbortSignal,
): Promise<DrillBody> {
  let last = 'nothing'
  const look = async () => {
    if (!isthmus.isRunning) throw new Error(`isthmus ended: ${isthmus.log.slice(-8).join('\n')}`)
    const drill = await drillOf(isthmus, id)
    last = `${drill.phase} ${JSON.stringify(drill.outcome)}`
    return is(drill) ? drill : undefined
  }
  return await eventually(`drill ${id}`, look, { limitMs: DRILL_LIMIT_MS, everyMs: 100, signal }).catch(
    (error: unknown) => {
      throw new Error(`drill ${id} is at ${last}`, { cause: error })
    },
  )
}

export const hasEnded = ({ phase }: DrillBody) => phase === 'done'

async function post<Body>(
  { apiUrl }: Pick<IsthmusProcess, 'apiUrl'>,
  path: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Body> {
  const response = await fetch(`${apiUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  })
  const answer = (await response.json()) as Body & { readonly code?: string; readonly title?: string }
  if (!response.ok) throw new Error(`${path}: ${answer.code} ${answer.title}`)
  return answer
}

export interface SeenMoment {
  readonly atMs: number
  readonly active: string
  readonly epoch: number
  readonly operation: string | null
  readonly phase: string | null
}

const POLL_MS = 40

/** Looks at a failover group all the time, as somebody would who trusts no report. */
export class GroupWatch implements AsyncDisposable {
  readonly moments: SeenMoment[] = []
  readonly #stop = new AbortController()
  readonly #running: Promise<void>

  /** `onOrder` is told of each move as soon as it is seen. */
  constructor(isthmus: IsthmusProcess, group: string, onOrder: (to: string) => void = () => undefined) {
    this.#running = this.#follow(isthmus, group, onOrder)
  }

  /** When a phase of an operation was first seen, and when it was last. */
  seen(operation: string, phase: string): { readonly firstMs: number; readonly lastMs: number } | undefined {
    const found = this.moments.filter((one) => one.operation === operation && one.phase === phase)
    const [first] = found
    const last = found.at(-1)
    return first && last && { firstMs: first.atMs, lastMs: last.atMs }
  }

  /** The regions that were active, one after the other. */
  get actives(): string[] {
    return this.moments.map(({ active }) => active).filter((active, at, all) => active !== all[at - 1])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #follow(isthmus: IsthmusProcess, group: string, onOrder: (to: string) => void): Promise<void> {
    let seen: string | undefined
    while (!this.#stop.signal.aborted && isthmus.isRunning) {
      const text = await isthmus.get(`/api/v1/failover-groups/${group}`).catch(() => undefined)
      const atMs = Date.now()
      if (text !== undefined) {
        const { active, epoch, operation } = JSON.parse(text) as FailoverGroupBody
        const { id = null, phase = null } = operation ?? {}
        if (operation !== null && operation.id !== seen) onOrder(operation.to)
        seen = operation?.id ?? seen
        this.moments.push({ atMs, active, epoch, operation: id, phase })
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}
