export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface PartitionOutcome extends TopicPartition {
  readonly errorCode: number
}

export interface PartitionLeader {
  readonly leaderId: number
  readonly leaderEpoch: number
}
