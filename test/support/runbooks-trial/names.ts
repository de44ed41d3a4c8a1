import { GROUP } from '../failover-trial/control.ts'

/** What plays speak of. */
export { GROUP }
export const TOPIC = 'orders.created'
export const READERS = 'readers-0'
export const OUT = `${GROUP}-alpha-to-beta`
export const BACK = `${GROUP}-beta-to-alpha`
