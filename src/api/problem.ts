import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type Fault, isFault } from '../core/index.ts'
import type { ProblemBody } from './contract/index.ts'
import { apiFaults } from './faults.ts'

/** Every error of the API leaves as problem+json: faults with their own status, all else without its details. */
export function sendProblem(error: FastifyError | Fault, request: FastifyRequest, reply: FastifyReply): void {
  const fault = asFault(error)
  request.fault = fault.code
  if (fault.status >= 500) request.log.error({ err: error, code: fault.code }, 'a request failed')
  const body: ProblemBody = {
    type: `urn:isthmus:fault:${fault.code}`,
    title: fault.message,
    status: fault.status,
    code: fault.code,
    remedy: fault.remedy,
    instance: request.id,
  }
  void reply.code(fault.status).type('application/problem+json').serializer(JSON.stringify).send(body)
}

function asFault(error: FastifyError | Fault): Fault {
  if (isFault(error)) return error
  if (error.validation !== undefined) {
    const reason = error.validation
      .map(({ instancePath, message, params }) => {
        const { additionalProperties } = params as { additionalProperties?: string[] }
        const key = instancePath.slice(1) || (additionalProperties ?? []).join(', ')
        return `${error.validationContext ?? 'request'} ${key} ${message ?? ''}`.replaceAll(/\s+/g, ' ').trim()
      })
      .join('; ')
    return apiFaults.fault('API_REQUEST_INVALID', { reason })
  }
  const status = error.statusCode ?? 500
  return status >= 400 && status < 500
    ? apiFaults.fault('API_REQUEST_INVALID', { reason: error.message }, error)
    : apiFaults.fault('API_UNEXPECTED', {}, error)
}
