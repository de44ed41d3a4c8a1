import { failoverFaults } from './faults.ts'
import type { GroupDocument } from './state.ts'

const FORMAT: GroupDocument['format'] = 1

/**
 * The document of a group as this version knows it. Within a format keys are only ever added, and may be missing: whoever
 * writes the document or its operation keeps the keys that it does not know, so that processes of two versions work on one
 * document side by side. A change that an older version would misread has another format.
 *
 * Throws DOCUMENT_TOO_NEW.
 */
export function readGroupDocument(value: unknown): GroupDocument {
  const document = value as GroupDocument
  const { format, group }: { readonly format: number; readonly group: string } = document
  if (format !== FORMAT) throw failoverFaults.fault('DOCUMENT_TOO_NEW', { group, format, known: FORMAT })
  return document
}
