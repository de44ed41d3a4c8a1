import type { DoctorBody } from '../../src/api/index.ts'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { serveRunbooks } from '../../src/serve-runbooks.ts'
import { EventFeed } from '../../src/observability/feed/event-feed.ts'

/** What an API tells of events, of notifications and of its doctor; a test says what that is. */
export function fakeDelivery(size?: number) {
  const feed = new EventFeed({ clock: systemClock, random: systemRandom, ...(size !== undefined && { size }) })
  const testedBy: string[] = []
  let findings: DoctorBody['findings'] = []
  let receivers: readonly (readonly [name: string, trouble: string])[] = []
  return {
    feed,
    testedBy,
    setFindings: (given: DoctorBody['findings']) => void (findings = given),
    /** By name, why nothing arrives there; '' where it does. */
    setReceivers: (given: Readonly<Record<string, string>>) => void (receivers = Object.entries(given)),
    content: {
      events: { feed, streams: { open: 0, cut: 0 }, clock: systemClock },
      notifications: {
        status: () =>
          receivers.map(([name, reason]) => {
            const failingSinceMs = reason === '' ? undefined : 0
            return {
              name,
              where: `https://${name}`,
              sent: 0,
              failed: 0,
              dropped: 0,
              waiting: 0,
              failingSinceMs,
              reason,
            }
          }),
        test: async (by: string) => {
          testedBy.push(by)
          return receivers.map(([name, reason]) => ({ name, isDelivered: reason === '', reason }))
        },
      },
      runbooks: serveRunbooks({ version: '9.9.9', clock: systemClock }),
      doctor: async (): Promise<DoctorBody> => {
        return { at: '2026-01-01T00:00:00.000Z', process: 'here', worst: findings[0]?.severity ?? null, findings }
      },
    },
  }
}
