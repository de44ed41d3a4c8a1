/** What drills measure with: a stream of numbered records through a move, and a reader of what a standby holds. */
export { type CanaryRegion, CanaryStreams, type CanaryStreamsOptions } from './canary-stream.ts'
export { StandbyReader, type StandbyReaderOptions } from './standby-reader.ts'
