import type { AclBinding } from '../../kafka/index.ts'
import { ANY } from '../authorizer-model.ts'
import { MARK } from '../fences/acknowledged-change.ts'
import { bindingKey, FENCED_OPERATIONS } from '../fences/fence-record.ts'
import { PROBE } from '../fences/read-acls.ts'

/**
 * Whether an entry is, or may be, one that fences put up, or use to find something out. By its look, not by the records
 * of fences: those of a region that was down could not be written, and a fence that is taken for something else is gone.
 * So no policy may declare such an entry, and no plan adds, removes or counts one.
 */
export function isOverlay(binding: AclBinding): boolean {
  if (binding.permission !== 'deny' || binding.host !== ANY) return false
  const { resource, operation, pattern, name } = binding
  // No fence reaches beyond the names of its group.
  if (pattern === 'literal' && name === ANY) return false
  if (resource === 'topic' && FENCED_OPERATIONS.acl.includes(operation)) return true
  if (resource === 'group' && FENCED_OPERATIONS.groups.includes(operation)) return true
  return OWN.has(bindingKey(binding))
}

const OWN: ReadonlySet<string> = new Set([PROBE, MARK].map(bindingKey))
