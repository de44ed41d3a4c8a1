import { viewRights } from './api/index.ts'
import type { SecurityRightsBody } from './api/contract/index.ts'
import { loadConfig } from './config/index.ts'
import { findLeastRights, type Role } from './controller/index.ts'

/** What a configuration will need, before there is a process to ask. @throws what is wrong with the file */
export async function readLeastRights(options: {
  /** Path of the file. */
  readonly config: string
  readonly role: Role
}): Promise<SecurityRightsBody> {
  return viewRights(options.role, findLeastRights(loadConfig(options.config), options.role))
}
