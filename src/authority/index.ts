/** The face of the room: who is active and who may change it, the journal, and the copies it is restored from. */
export type * from './authority.ts'
export type { CopyRegions, StateCopy } from './copies/copy.ts'
export {
  type Restoration,
  type RestoredDocument,
  type RestoreOptions,
  restoreAuthority,
} from './copies/restore-authority.ts'
export { type RegionCopies, StateCopies, type StateCopiesOptions } from './copies/state-copies.ts'
export type { AuthorityContext } from './document-authority.ts'
export type { EtcdConnection, EtcdTls } from './etcd/gateway.ts'
export type { AuthorityEvents } from './events.ts'
export { ChainCheck, type JournalVerdict } from './journal/chain.ts'
export type { JournalEntry, JournalFact, JournalHead } from './journal/entry.ts'
export { type AppendOutcome, Journal, type JournalOptions, type JournalPage } from './journal/journal.ts'
export { MemoryStore, type MemoryStoreOptions, type Mishap } from './memory-store.ts'
export { type AuthorityOptions, openAuthority, openStore } from './open-authority.ts'
export { type SettledWrite, settleWrite } from './settle-write.ts'
