import { hostname } from 'node:os'
import type { Config } from './config/index.ts'
import { type Role, specOf } from './controller/index.ts'
import { bytesPerSecond, type LinkSpec, type ReplicatorOptions } from './replication/index.ts'

const MEBIBYTE = 1024 * 1024

/** What the configuration asks of the replicator; links of failover groups come and go with their documents. */
export function describeWork(config: Config, role: Role): Omit<ReplicatorOptions, 'clusters' | 'clock' | 'random'> {
  const { replication, api } = config
  const { shareWork, sessionSeconds, replicationFactor, acknowledgeUnfenced } = replication
  const memberName = replication.memberName === '' ? nameMember(api.listen) : replication.memberName
  return {
    links: declaredLinks(config, role),
    copies: role === 'all' || role === 'replicator',
    topicSyncMs: replication.topicSyncSeconds * 1_000,
    positionSyncMs: replication.positionSyncSeconds * 1_000,
    groupDeletionGraceMs: replication.groupDeletionGraceSeconds * 1_000,
    replicationFactor,
    heldBackMs: replication.heldBackSeconds * 1_000,
    bufferBytes: replication.bufferMb * MEBIBYTE,
    maxBytesPerSecond: bytesPerSecond(replication.maxMegabytesPerSecond),
    acknowledgeUnfenced,
    processName: `${hostname()}:${process.pid}`,
    sharing: shareWork ? { memberName, sessionTimeoutMs: sessionSeconds * 1_000 } : undefined,
  }
}

/** The same after a restart, so that the process gets its shards back at once; two on one host differ in the port. */
export function nameMember(listen: string): string {
  const port = listen.slice(listen.lastIndexOf(':') + 1)
  return `${hostname()}-${port === '0' ? process.pid : port}`.replaceAll(/[^A-Za-z0-9._-]/g, '-')
}

/** Those that no failover group implies; none in a process that does not copy. */
export function declaredLinks({ links }: Config, role: Role): LinkSpec[] {
  if (role !== 'all' && role !== 'replicator') return []
  return links.filter(({ failoverGroup }) => failoverGroup === null).map(specOf)
}
