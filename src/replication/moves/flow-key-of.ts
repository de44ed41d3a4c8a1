import type { TopicPartition } from '../../kafka/index.ts'
import type { LinkSpec } from '../link-options.ts'
import type { FlowKey } from '../offset-map/index.ts'
import { renameTopic } from '../topics/selection.ts'

/** The flow of a source partition over a link. */
export function flowKeyOf(
  { source, rename }: Pick<LinkSpec, 'source' | 'rename'>,
  { topic, partition }: TopicPartition,
): FlowKey {
  return { source, topic, targetTopic: renameTopic(rename, { source, topic }), partition }
}
