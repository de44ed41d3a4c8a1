import { createServer } from 'node:net'
import { type Random, randomBelow, systemRandom } from '../core/index.ts'
import { localFaults } from './faults.ts'

/**
 * Free ports for brokers. They lie below every system's range of outgoing ports, so that a stopped broker finds its
 * port free when it comes back. Ports once given are never given again by this process; other processes are kept
 * apart by starting at a random place.
 */
const FIRST_PORT = 20_000
const LAST_PORT = 32_000

export interface PortChooser {
  /** Takes `count` ports nobody listens on. Faults: LOCAL_NO_PORT. */
  take(count: number): Promise<number[]>
  /** Whether nobody listens on this port now, for a port that somebody chose. */
  isFree(port: number): Promise<boolean>
}

export function createPortChooser(
  random: Random = systemRandom,
  isFree: (port: number) => Promise<boolean> = isPortFree,
): PortChooser {
  const given = new Set<number>()
  const span = LAST_PORT - FIRST_PORT
  let next = randomBelow(random, span)

  async function takeOne(): Promise<number> {
    for (let tried = 0; tried < span; tried++) {
      const port = FIRST_PORT + next
      next = (next + 1) % span
      if (given.has(port)) continue
      // Marked before the check is awaited: parallel callers must not look at the same port.
      given.add(port)
      if (await isFree(port)) return port
      given.delete(port)
    }
    throw localFaults.fault('LOCAL_NO_PORT', { first: FIRST_PORT, last: LAST_PORT })
  }

  return {
    isFree,
    async take(count) {
      const ports: number[] = []
      while (ports.length < count) ports.push(await takeOne())
      return ports
    },
  }
}

/** The chooser of this process. */
export const localPorts: PortChooser = createPortChooser()

/** Both addresses are tried: some systems let one be bound while the other is taken. */
async function isPortFree(port: number): Promise<boolean> {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port, '0.0.0.0'))
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
