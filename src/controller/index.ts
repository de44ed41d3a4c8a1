/** Composes what failover groups need out of the rooms; `app.ts` starts it. */
export { Control, type ControlStatus, type Role } from './control.ts'
export { LinkDesk } from './link-desk.ts'
export { specOf } from './link-specs.ts'
export { runRestore } from './restore.ts'
export { runUnfence } from './unfence-all.ts'
