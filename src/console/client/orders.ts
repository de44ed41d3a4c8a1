import { useState } from 'preact/hooks'
import type { CallerBody } from '../../api/contract/index.ts'
import { askApi, type Problem, problemOfError } from './http.ts'
import { useApi } from './hooks.ts'
import { refreshAll } from './resource.ts'
import { session } from './session.ts'

/** Guards look at every region. */
const TIMEOUT_MS = 60_000

interface Order {
  readonly path: string
  readonly body: object
  readonly headers?: Readonly<Record<string, string>>
}

/** @throws ApiProblem */
export async function sendOrder<Body>({ path, body, headers = {} }: Order): Promise<Body> {
  const { token } = session
  const answer = await askApi<Body>(path, { token, method: 'POST', body, headers, timeoutMs: TIMEOUT_MS })
  return answer.body as Body
}

export interface Sending<Body> {
  readonly isSending: boolean
  readonly problem: Problem | undefined
  /** What the API said; it is called done only behind that. */
  readonly answer: Body | undefined
  send(order: Order): Promise<Body | undefined>
  forget(): void
}

/** One order at a time, and what came of it. */
export function useOrder<Body>(): Sending<Body> {
  const [state, setState] = useState<Pick<Sending<Body>, 'isSending' | 'problem' | 'answer'>>(NOTHING)
  return {
    ...state,
    async send(order) {
      setState({ ...NOTHING, isSending: true })
      try {
        const answer = await sendOrder<Body>(order)
        setState({ ...NOTHING, answer })
        refreshAll()
        return answer
      } catch (error) {
        setState({ ...NOTHING, problem: problemOfError(error) })
        return undefined
      }
    },
    forget: () => setState(NOTHING),
  }
}

const NOTHING = { isSending: false, problem: undefined, answer: undefined }
/** Often, so that every page knows soon whether the API is there. */
export const CALLER_EVERY_MS = 3_000
const ROLES = ['viewer', 'operator', 'admin'] as const

/** Who gives orders here, and why they may not; where nobody logs in, they have to say it. */
export function useCaller(needed: CallerBody['role']): {
  readonly name: string
  readonly isNamed: boolean
  readonly refusal: string | undefined
} {
  const { body: caller } = useApi<CallerBody>('/caller', CALLER_EVERY_MS)
  const may = caller !== undefined && ROLES.indexOf(caller.role) >= ROLES.indexOf(needed)
  const refusal = may ? undefined : `This needs the role ${needed}; you have ${caller?.role ?? 'none yet'}.`
  return { name: caller?.name ?? '', isNamed: caller !== undefined && caller.means !== 'none', refusal }
}
