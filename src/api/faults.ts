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
  API_UNAUTHENTICATED: {
    message: 'this needs the role {needed}, and the request shows no credentials',
    remedy:
      'send a token of api.auth: for the command ISTHMUS_TOKEN or --token-file, else the header Authorization: Bearer; `isthmus token create` makes one',
    retriable: false,
    status: 401,
  },
  API_CREDENTIALS_REFUSED: {
    message: 'the credentials are refused: {reason}',
    remedy: 'get new ones from whoever keeps api.auth',
    retriable: false,
    status: 401,
  },
  API_ROLE_MISSING: {
    message: '{caller} has no role here: its claim {claim} names none of api.auth.oidc.roles',
    remedy: 'add a value of the claim to api.auth.oidc.roles, or give the caller one of those there at the issuer',
    retriable: false,
    status: 403,
  },
  API_FORBIDDEN: {
    message: '{caller} has the role {role}, and this needs {needed}',
    remedy: 'ask somebody with that role, or have it given to you in api.auth',
    retriable: false,
    status: 403,
  },
  API_IDENTITY_UNAVAILABLE: {
    message: 'the keys of the issuer {issuer} cannot be had',
    remedy: 'see the reason in the log; tokens of api.auth.tokens work meanwhile',
    retriable: true,
    status: 503,
  },
  API_FILES_UNUSABLE: {
    message: '{files} cannot be used: {reason}',
    remedy: 'correct the files that api names; `isthmus check` looks at them',
    retriable: true,
    status: 503,
  },
  API_NO_CONTROLLER: {
    message: 'this process controls no failover group',
    remedy: 'ask a process that runs with the role all or controller, and whose configuration has failoverGroups',
    retriable: false,
    status: 404,
  },
  API_NO_POLICIES: {
    message: 'this process applies no policies',
    remedy: 'ask a process that runs with the role all or controller',
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
  API_TOO_MANY_STREAMS: {
    message: '{max} clients follow the events already',
    remedy: 'end one of them, or ask another process of Isthmus',
    retriable: true,
    status: 503,
  },
  API_NOTIFICATION_UNKNOWN: {
    message: 'there is no receiver of notifications {name}',
    remedy: 'use one of: {known}',
    retriable: false,
    status: 404,
  },
  API_HOST_REFUSED: {
    message: 'requests for the host {host} are refused',
    remedy: 'ask for the address that api.listen names; this keeps web pages from reading the API through a browser',
    retriable: false,
    status: 403,
  },
  API_ORIGIN_REFUSED: {
    message: 'requests that change something are refused from a page of {origin}',
    remedy: 'use the console that this API serves; a proxy in front of it has to pass the header Host on',
    retriable: false,
    status: 403,
  },
  API_TOO_MANY_REQUESTS: {
    message: 'more than {max} requests of this kind a second came from this caller',
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
  API_RUN_NEEDS_TOKEN: {
    message: '{caller} has logged in with a certificate, and commands of a runbook cannot show it again',
    remedy: 'log in with a token, or run it from the command line: `isthmus runbook run`',
    retriable: false,
    status: 403,
  },
})
