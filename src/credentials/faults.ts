import { defineFaults } from '../core/index.ts'

export const credentialFaults = defineFaults({
  CREDENTIALS_UNUSABLE: {
    message: '{files} cannot be used: {reason}',
    remedy: 'correct the files that the configuration names; `isthmus check` looks at them',
    retriable: true,
    status: 503,
  },
  CREDENTIALS_TOKEN_UNAVAILABLE: {
    message: '{url} gives no token: {reason}',
    remedy: 'check the address, the client id, its secret and the scope of sasl.tokenEndpoint',
    retriable: true,
    status: 503,
  },
})
