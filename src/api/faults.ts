import { defineFaults } from '../core/index.ts'

/** What the API itself refuses; faults of other rooms pass through with their own status. */
export const apiFaults = defineFaults({
  API_REQUEST_INVALID: {
    message: 'the request is not valid: {reason}',
    remedy: 'correct it; /openapi.json describes every request',
    retriable: false,
    status: 400,
  },
  API_NOT_FOUND: {
    message: 'there is nothing at {method} {path}',
    remedy: '/openapi.json lists what there is',
    retriable: false,
    status: 404,
  },
  API_LINK_UNKNOWN: {
    message: 'there is no link {link}',
    remedy: 'use one of: {known}',
    retriable: false,
    status: 404,
  },
  API_CHANGE_REFUSED: {
    message: 'nothing is moved or removed while other machines can reach the API: it cannot tell who asks',
    remedy: 'set api.listen to an address such as 127.0.0.1, and run the command on the same machine',
    retriable: false,
    status: 403,
  },
  API_NO_CONTROLLER: {
    message: 'this process controls no failover group',
    remedy: 'ask a process that runs with the role all or controller, and whose configuration has failoverGroups',
    retriable: false,
    status: 404,
  },
  API_EPOCH_CONTRADICTS: {
    message: 'If-Match names epoch {header}, the body epoch {body}',
    remedy: 'give the epoch of the plan in one of the two',
    retriable: false,
    status: 400,
  },
  API_KEY_REUSED: {
    message: 'the Idempotency-Key was used for {kind} to {to}, which is operation {operation}',
    remedy: 'choose a new key for another order',
    retriable: false,
    status: 422,
  },
  API_HOST_REFUSED: {
    message: 'requests for the host {host} are refused',
    remedy: 'ask for the address that api.listen names; this keeps web pages from reading the API through a browser',
    retriable: false,
    status: 403,
  },
  API_TOO_MANY_REQUESTS: {
    message: 'more than {max} requests a second came from this address',
    remedy: 'ask less often',
    retriable: true,
    status: 429,
  },
  API_LISTEN_FAILED: {
    message: 'the API cannot listen on {listen}: {reason}',
    remedy: 'give another address in api.listen, or stop what uses this one',
    retriable: false,
    status: 500,
  },
  API_UNEXPECTED: {
    message: 'the request failed unexpectedly',
    remedy: 'look for the id of the request in the log',
    retriable: false,
    status: 500,
  },
})
