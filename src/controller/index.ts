/** Composes what failover groups need out of the rooms; `app.ts` starts it. */
export { TEST_ONLY_DWELL, testOnlyDwellMs } from './automatic-mode.ts'
export { Control, type ControlStatus, type Role } from './control.ts'
export { Doctor } from './doctor/doctor.ts'
export { renderDoctorReference } from './doctor/reference.ts'
export { LinkDesk } from './link-desk.ts'
export { specOf } from './link-specs.ts'
export { runRestore } from './restore.ts'
export { runUnfence } from './unfence-all.ts'
