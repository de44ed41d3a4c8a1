import type { KubernetesObject } from '../../kubernetes/index.ts'
import type { StoredText } from '../document-store.ts'
import { authorityFaults } from '../faults.ts'
import { LEASES_PREFIX } from '../leases.ts'
import type { PageEntry, Root } from './root.ts'

/** Which pages belong to an authority. */
export const AUTHORITY_LABEL = 'isthmus.dev/authority'
/** Whose holder people are shown. */
const LEADER_KEY = `${LEASES_PREFIX}controller/token`
/** Half of what etcd takes in a request. */
const ROOT_BYTES_MAX = 768 * 1024

/** Throws `DOCUMENT_UNREADABLE`. */
export function readRoot({ metadata, spec }: KubernetesObject, where: string): Root {
  const { revision, removedAt, documents = [], pages = [] } = (spec ?? {}) as Partial<Root>
  if (Number.isSafeInteger(revision) && Number.isSafeInteger(removedAt) && documents.every(isStoredText)) {
    if (pages.every(isPageEntry)) return { revision, removedAt, documents, pages } as Root
  }
  throw authorityFaults.fault('DOCUMENT_UNREADABLE', {
    key: metadata.name,
    where,
    reason: 'its object has not the fields of an authority',
  })
}

/** Throws `AUTHORITY_REFUSED` where it grows beyond what an object can have. */
export function writeRoot(root: Root, { metadata }: KubernetesObject, where: string): KubernetesObject {
  const bytes = Buffer.byteLength(JSON.stringify(root))
  if (bytes > ROOT_BYTES_MAX) {
    const reason = `its list of ${root.pages.length} pages has ${bytes} bytes, more than ${ROOT_BYTES_MAX}: it is full`
    throw authorityFaults.fault('AUTHORITY_REFUSED', { where, reason })
  }
  const holder = root.documents.find(({ key }) => key === LEADER_KEY)
  const { holder: leader } = (holder === undefined ? {} : JSON.parse(holder.text)) as { holder?: unknown }
  return { metadata, spec: { ...root, ...(typeof leader === 'string' && { leader }) } }
}

/** Throws `DOCUMENT_UNREADABLE`. */
export function readPage({ metadata, spec }: KubernetesObject, where: string): readonly StoredText[] {
  const { documents = [] } = (spec ?? {}) as { documents?: readonly StoredText[] }
  if (documents.every(isStoredText)) return documents
  const reason = 'its object has not the fields of a page'
  throw authorityFaults.fault('DOCUMENT_UNREADABLE', { key: metadata.name, where, reason })
}

export function writePage(name: string, authority: string, documents: readonly StoredText[]): KubernetesObject {
  return { metadata: { name, labels: { [AUTHORITY_LABEL]: authority } }, spec: { documents } }
}

function isStoredText({ key, text, revision }: StoredText): boolean {
  return typeof key === 'string' && typeof text === 'string' && Number.isSafeInteger(revision)
}

function isPageEntry({ from, name }: PageEntry): boolean {
  return typeof from === 'string' && typeof name === 'string'
}
