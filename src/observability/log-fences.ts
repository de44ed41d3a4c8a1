import type { Logger } from 'pino'
import { describeError, type Events } from '../core/index.ts'
import type { SecurityEvents } from '../security/index.ts'
import { logEvents, type Wording } from './log-line.ts'

const where = ({ region, group }: { region: string; group: string }) => `region ${region} for group ${group}`

export const SECURITY_WORDING: Wording<SecurityEvents> = {
  'fence:applied': (event) => ({
    level: event.isRecorded ? 'info' : 'warn',
    sentence:
      `${event.by} fenced ${where(event)} by ${event.means} (operation ${event.operation}, ${event.tookMs} ms)` +
      (event.isRecorded ? '' : '; there is no record of it yet'),
  }),
  'fence:lifted': (event) => ({
    level: 'info',
    sentence:
      `${event.by} lifted the ${event.means} fence of ${where(event)} (operation ${event.operation}): ` +
      `${event.removed} entries went, ${event.kept} stay`,
  }),
  'fence:unsettled': (event) => ({
    level: 'warn',
    sentence: `whether the fence of ${where(event)} (operation ${event.operation}) is in force is unknown: ${event.reason}`,
  }),
  'fence:landed-late': (event) => ({
    level: 'warn',
    sentence: `a fence of ${where(event)} (operation ${event.operation}) came into force after it was lifted; it was taken away again`,
  }),
  'fence:lost': (event) => ({
    level: 'error',
    sentence: `${where(event)} is a standby and takes writes of applications: ${event.reason}`,
  }),
  'fence:held': (event) => ({ level: 'info', sentence: `the fence of ${where(event)} holds: ${event.reason}` }),
  'fence:unproved': (event) => ({
    level: 'warn',
    sentence: `whether the fence of ${where(event)} holds cannot be told: ${event.reason}`,
  }),
  'fence:unavailable': (event) => ({
    level: 'warn',
    sentence: `${where(event)} is a standby and cannot be fenced: ${event.reason}`,
  }),
  'agent:ran': (event) => ({
    level: event.ending === 'exit code 0' ? 'info' : 'error',
    sentence: `this agent ran ${event.verb} in ${where(event)} for ${event.by} (operation ${event.operation}): ${event.ending}`,
  }),
  'agent:trouble': ({ region, reason }) => ({
    level: 'warn',
    sentence: `this agent cannot look for orders for ${region}, and tries again: ${reason}`,
  }),
  'gate:moved': ({ region, to, reason }) => ({ level: 'info', sentence: `the gate of ${region} is ${to}: ${reason}` }),
  'gate:found': ({ region, position }) => ({
    level: 'warn',
    sentence: `the gate of ${region} was found ${position}, and not by a doing of this agent`,
  }),
  'policy:drifted': ({ region, owner, missing, extraOwned, extraForeign, changed, users, quotas, example }) => ({
    level: 'warn',
    sentence:
      `${region} differs from the policy of ${owner}: ${missing} entries are missing, ${changed} are changed, ` +
      `${extraOwned} of its own and ${extraForeign} of others are extra; ${users} users and ${quotas} quotas differ; such as ${example}`,
  }),
  'policy:held': ({ region, owner }) => ({
    level: 'info',
    sentence: `${region} is as the policy of ${owner} declares`,
  }),
  'policy:corrected': ({ region, owner, why, added, removed, users, quotas }) => ({
    level: why === 'enforced' ? 'warn' : 'info',
    sentence:
      why === 'enforced'
        ? `the policy of ${owner} was enforced in ${region}: ${added} entries were put up, ${removed} taken away, ` +
          `${users} users made, ${quotas} quotas set`
        : `topics came that globs of the policy of ${owner} mean: ${added} entries were put up in ${region}`,
  }),
  'policy:stuck': ({ region, owner, reason }) => ({
    level: 'warn',
    sentence: `the policy of ${owner} cannot be held to in ${region}: ${reason}`,
  }),
  'probe:changed': ({ region, appeared, gone, worst, example }) => ({
    level: appeared === 0 ? 'info' : worst === 'critical' || worst === 'error' ? 'error' : 'warn',
    sentence:
      `probes of ${region}: ${appeared} findings are new, ${gone} are gone` +
      (example === null ? '' : `, such as ${example}`),
  }),
  'policy:error': ({ error }) => ({
    level: 'error',
    sentence: `policies could not be looked at, and are again: ${describeError(error)}`,
  }),
  'gate:failed': ({ reason }) => ({ level: 'error', sentence: reason }),
  'gate:warned': ({ reason }) => ({ level: 'error', sentence: reason }),
}

/** Logs every event of fences and gates. Returns what ends it. */
export function logFenceEvents(events: Events<SecurityEvents>, logger: Logger): () => void {
  return logEvents(events, SECURITY_WORDING, logger)
}
