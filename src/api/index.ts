export { ApiOptions, DEFAULT_LISTEN, isLoopback, parseListen } from './options.ts'
export type {
  ApiContent,
  AuthorityView,
  FailoverView,
  FenceOrder,
  FenceResult,
  FencesView,
  GroupFence,
  OffsetQuery,
  ReplicationView,
  UnfenceOrder,
} from './ports.ts'
export { type ApiServer, type ApiServerOptions, createApiServer } from './server.ts'
