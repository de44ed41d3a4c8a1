import type { Logger } from 'pino'
import type { Events } from '../core/index.ts'
import type { ReplicationEvents } from '../replication/index.ts'
import { error, info, logEvents, warn, type Wording } from './log-line.ts'

const flow = (event: { link: string; topic: string; partition: number }) =>
  `flow ${event.topic}-${event.partition} of link ${event.link}`

const REFUSED = {
  stop: 'the flow stops there',
  quarantine: 'it is in the quarantine topic',
  skip: 'it is left out',
} as const

export const REPLICATION_WORDING: Wording<ReplicationEvents> = {
  'link:started': (event) =>
    info(`link ${event.link} copies ${event.flows} flows from ${event.source} to ${event.target}`),
  'link:paused': (event) => warn(`link ${event.link} is paused by ${event.by}: ${event.reason}`),
  'link:resumed': (event) => info(`link ${event.link} is resumed`),
  'link:removed': (event) =>
    event.isComplete
      ? warn(`link ${event.link} was removed, ${event.topics} topics with it: take it out of the configuration`)
      : error(`the removal of link ${event.link} is not complete: run it again`),
  'link:error': (event) => error(`link ${event.link} met an error while ${event.what}`),
  'shard:owned': (event) =>
    info(`this process owns shard ${event.shard} of ${event.target} (${event.fenced}, ${Math.round(event.tookMs)} ms)`),
  'shard:trouble': (event) => warn(`shard ${event.shard} of ${event.target} is in trouble: ${event.reason}`),
  'shard:lost': (event) => error(`this process lost shard ${event.shard} of ${event.target}: ${event.reason}`),
  'shard:handed-over': (event) => info(`shard ${event.shard} of ${event.target} was handed over`),
  'shard:let-go': (event) => warn(`shard ${event.shard} of ${event.target} was given up without a clean end`),
  'members:assigned': (event) =>
    info(
      `${event.members.length} replicators share ${event.target}: this one has ${event.shards} shards ` +
        `(${event.gained} new, ${event.released} to others), generation ${event.generation}`,
    ),
  'members:trouble': (event) => warn(`the work on ${event.target} is not shared as it should be: ${event.reason}`),
  'flow:started': (event) => info(`${flow(event)} starts at source offset ${event.sourceNext}`),
  'flow:seam-skipped': (event) => warn(`${flow(event)} could not compare its last record: one side no longer has it`),
  'flow:recovering': (event) => warn(`${flow(event)} recovers: ${event.reason}`),
  'flow:matched': (event) =>
    warn(
      `the map of ${flow(event)} was ${event.why === 'adopted' ? 'made' : 'rebuilt'} by comparing ${event.records} records ` +
        `of both sides, from source offset ${event.sourceStart} and target offset ${event.targetStart} on`,
    ),
  'flow:turned': (event) =>
    info(
      `${flow(event)} goes on where other copies ended, at source offset ${event.sourceNext} and target offset ` +
        `${event.targetNext}: its map was worked out from theirs`,
    ),
  'flow:stopped': (event) => error(`${flow(event)} stopped: ${event.reason}`),
  'flow:gap': (event) =>
    error(
      `${flow(event)} lost source offsets ${event.fromOffset} to ${event.toOffset - 1}: ` +
        `${event.kind} removed them before they were copied`,
    ),
  'incident:recorded': (event) => error(`incident ${event.id} (${event.action}) of ${flow(event)}: ${event.reason}`),
  'incident:acknowledged': (event) =>
    info(`incident ${event.id} (${event.code}) of ${flow(event)} was acknowledged by ${event.by}`),
  'flow:held-back': (event) => {
    const sentence = `${flow(event)} is held back at source offset ${event.stableOffset}: ${event.reason}`
    return event.state === 'hanging' ? error(sentence) : warn(sentence)
  },
  'flow:released': (event) =>
    info(`${flow(event)} is held back no longer, from source offset ${event.stableOffset} on`),
  'flow:record-refused': (event) =>
    error(
      `${flow(event)}: the target refuses source offset ${event.fromOffset}` +
        (event.toOffset > event.fromOffset + 1 ? ` to ${event.toOffset - 1}` : '') +
        ` with ${event.code} ${event.reason}; ${REFUSED[event.policy]}`,
    ),
  'topic:created': (event) =>
    info(`link ${event.link} created topic ${event.targetTopic} with ${event.partitions} partitions`),
  'topic:grown': (event) =>
    info(`link ${event.link} grew topic ${event.targetTopic} from ${event.from} to ${event.to} partitions`),
  'topic:configured': (event) =>
    info(`link ${event.link} configured topic ${event.targetTopic}: ${event.changed.join(', ')}`),
  'topic:deletion-pending': (event) =>
    warn(
      `topic ${event.topic} is gone from the source of link ${event.link}: its copy ${event.targetTopic} will be deleted ` +
        `in ${Math.ceil(event.leftMs / 1_000)} s`,
    ),
  'topic:deletion-cancelled': (event) =>
    info(`the copy ${event.targetTopic} of link ${event.link} is not deleted: topic ${event.topic} is no longer gone`),
  'topic:deleted': (event) =>
    warn(`link ${event.link} deleted ${event.targetTopic}: its source topic ${event.topic} was deleted`),
  'topic:refused': (event) => error(`link ${event.link} does not copy topic ${event.topic}: ${event.reason}`),
  'verification:partition': (event) =>
    event.first === undefined
      ? { level: 'debug', sentence: `${flow(event)} was verified: ${event.records} records are equal` }
      : error(
          `${flow(event)} differs from its source in ${event.differences} records, the first at source offset ` +
            `${event.first.sourceOffset} (${event.first.kind})`,
        ),
  'verification:ended': (event) => {
    const what = `verification ${event.id} of link ${event.link} ended: ${event.records} records compared, ${event.differences} differ`
    return event.differences > 0 ? error(what) : event.isComplete ? info(what) : warn(`${what}; it is not complete`)
  },
  'positions:synced': (event) => ({
    level: 'debug',
    sentence: `link ${event.link} looked at ${event.groups} groups and committed ${event.committed} positions`,
  }),
  'positions:failed': (event) => {
    const others = event.groups === 1 ? '' : ` and ${event.groups - 1} more`
    return warn(`link ${event.link} could not sync group ${event.group}${others}: ${event.reason}`)
  },
  'positions:left-out': (event) => info(`link ${event.link} leaves group ${event.group} out: ${event.reason}`),
  'positions:deleted': (event) =>
    info(
      `link ${event.link} deleted ${event.positions} positions of group ${event.group}: they are gone at the source`,
    ),
}

/** Logs every event of replication. Returns what ends it. */
export function logReplicationEvents(events: Events<ReplicationEvents>, logger: Logger): () => void {
  return logEvents(events, REPLICATION_WORDING, logger)
}
