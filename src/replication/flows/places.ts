import type { TopicPartition } from '../../kafka/index.ts'
import type { FlowSpec } from './flow.ts'
import type { PartitionRef } from './raw-reader.ts'

/** The two partitions of a flow: by name, for calls that know nothing else, and by id as well. */
export function targetOf({ key }: FlowSpec): TopicPartition {
  return { topic: key.targetTopic, partition: key.partition }
}

export function sourceOf({ key }: FlowSpec): TopicPartition {
  return { topic: key.topic, partition: key.partition }
}

export function targetRef(spec: FlowSpec): PartitionRef {
  return { ...targetOf(spec), topicId: spec.targetTopicId }
}

export function sourceRef(spec: FlowSpec): PartitionRef {
  return { ...sourceOf(spec), topicId: spec.sourceTopicId }
}
