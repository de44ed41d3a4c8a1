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
    message: 'links are not removed while other machines can reach the API: it cannot tell who asks',
    remedy: 'set api.listen to an address such as 127.0.0.1, and run the command on the same machine',
    retriable: false,
    status: 403,
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
