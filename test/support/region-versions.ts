import type { TrialArguments } from './trial.ts'

const DEFAULT = '4.3'

/** Options of a trial that runs between any two versions of Kafka. */
export const VERSION_OPTIONS = {
  'source-version': { describe: 'Kafka of the source region', default: DEFAULT },
  'target-version': { describe: 'Kafka of the target region', default: DEFAULT },
} as const

/** What the two regions are started with. */
export function versionsOf(options: TrialArguments['options']) {
  return {
    source: { kafkaVersion: options['source-version'] ?? DEFAULT },
    target: { kafkaVersion: options['target-version'] ?? DEFAULT },
  }
}
