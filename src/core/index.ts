export { canonicalJson } from './canonical-json.ts'
export { type Clock, pause, sleep, systemClock, type Timer } from './clock.ts'
export { eitherSignal } from './either-signal.ts'
export { createEvents, type EventMap, type Events } from './events.ts'
export {
  defineFaults,
  describeError,
  Fault,
  type FaultCatalogue,
  type FaultFacts,
  type FaultSpec,
  isFault,
  mayPass,
} from './faults.ts'
export { Gather, type GatherOptions } from './gather.ts'
export { isName, type LinkName, linkName, type RegionName, regionName } from './ids.ts'
export { invariant, unreachable } from './invariant.ts'
export { type LoopOptions, type Pass, type Reconciler, runLoop } from './loop.ts'
export { type Random, randomBelow, seededRandom, systemRandom } from './random.ts'
export {
  backoffMs,
  DEFAULT_DELAYS,
  type RetryContext,
  type RetryDelays,
  type RetryPolicy,
  retry,
} from './retry.ts'
export { type TimeLimit, withTimeLimit } from './time-limit.ts'
export { untilAborted, withSignal } from './with-signal.ts'
