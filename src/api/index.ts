export { ApiOptions, DEFAULT_LISTEN, isLoopback, parseListen } from './options.ts'
export type { ApiContent, AuthorityView, FailoverView, OffsetQuery, ReplicationView } from './ports.ts'
export { type ApiServer, type ApiServerOptions, createApiServer } from './server.ts'
