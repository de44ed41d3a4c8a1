export type { DoctorBody } from './contract/index.ts'
export { normalizeSubject } from './access/client-certificate.ts'
export { type ApiSettings, DEFAULT_API } from './access/settings.ts'
export { createToken, type NewToken, parseHashes } from './access/token.ts'
export { ApiOptions, isLoopback, parseListen } from './options.ts'
export type {
  ApiContent,
  AutomaticView,
  AuthorityView,
  DriftLook,
  FailoverView,
  FenceOrder,
  FenceResult,
  FencesView,
  GroupFence,
  OffsetQuery,
  PlannedPolicies,
  PolicyOrder,
  PolicyTrouble,
  PolicyWish,
  RegionRights,
  ReplicationView,
  SecurityView,
  UnfenceOrder,
} from './ports.ts'
export { sumCopies } from './copy-views.ts'
export { type ApiServer, type ApiServerOptions, createApiServer } from './server.ts'
export { viewRights } from './security-views.ts'
