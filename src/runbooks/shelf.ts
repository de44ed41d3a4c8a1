import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeError } from '../core/index.ts'
import { runbookFaults } from './faults.ts'
import { parseRunbook } from './parse-runbook.ts'
import type { Runbook } from './runbook.ts'

/** The folder beside the sources. */
export const RUNBOOKS_FOLDER = fileURLToPath(new URL('../../runbooks', import.meta.url))

/** Every runbook of a folder, by id. @throws `RUNBOOK_UNREADABLE`, `RUNBOOK_INVALID` */
export function readShelf(folder = RUNBOOKS_FOLDER): ReadonlyMap<string, Runbook> {
  let files: string[]
  try {
    files = readdirSync(folder).filter((file) => file.endsWith('.md') && file !== 'README.md')
  } catch (error) {
    throw runbookFaults.fault('RUNBOOK_UNREADABLE', { folder, reason: describeError(error) }, error)
  }
  const read = files.toSorted().map((file) => {
    const path = join(folder, file)
    return parseRunbook(path, readFileSync(path, 'utf8'))
  })
  return new Map(read.map((runbook) => [runbook.id, runbook]))
}

/** @throws `RUNBOOK_UNKNOWN` */
export function findRunbook(shelf: ReadonlyMap<string, Runbook>, id: string): Runbook {
  const found = shelf.get(id)
  if (found === undefined) throw runbookFaults.fault('RUNBOOK_UNKNOWN', { id, known: [...shelf.keys()].join(', ') })
  return found
}
