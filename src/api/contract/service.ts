import { Type } from 'typebox'
import { object, text } from './schema-kit.ts'

/** RFC 9457, with the code and the remedy of the fault. Served as `application/problem+json`. */
export const ProblemBody = object(
  {
    type: text('`urn:isthmus:fault:` and the code.'),
    title: text('What happened.'),
    status: Type.Integer({ description: 'The HTTP status.' }),
    code: text('Stable code, such as `API_LINK_UNKNOWN`.'),
    remedy: text('What to do.'),
    instance: text('Id of the request, as in the log.'),
  },
  'Why a request was not answered.',
)
export type ProblemBody = Type.Static<typeof ProblemBody>

export const HealthBody = object({ status: Type.Enum(['alive']) }, 'The process answers.')
export const ReadyBody = object(
  {
    ready: Type.Boolean({ description: 'True once every link has started.' }),
    reasons: Type.Array(Type.String(), { description: 'What is being waited for; empty for callers without a role.' }),
  },
  'Whether the flows have started.',
)
export type ReadyBody = Type.Static<typeof ReadyBody>

export const CallerBody = object(
  {
    name: text('As the journal names it, such as `token:ci`, `oidc:ada` or `anonymous`.'),
    role: Type.Enum(['viewer', 'operator', 'admin'], { description: 'What it may do here.' }),
    means: Type.Enum(['token', 'oidc', 'certificate', 'none'], { description: 'How it has shown who it is.' }),
  },
  'Who a request comes from.',
)
export type CallerBody = Type.Static<typeof CallerBody>
