import { setTimeout as sleep } from 'node:timers/promises'
import type { IsthmusProcess } from '../isthmus-process.ts'
import type { Apps } from './apps.ts'
import { readGroup } from './control.ts'

const POLL_MS = 50

/** The operator's routing: clients are sent to the region that Isthmus names as active, as soon as it does. */
export class Router implements AsyncDisposable {
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #active: string | undefined

  /** Of several controllers, the first that answers is asked. */
  constructor(apps: Apps, controllers: () => readonly Pick<IsthmusProcess, 'apiUrl'>[]) {
    this.#running = this.#follow(apps, controllers)
  }

  get active(): string | undefined {
    return this.#active
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #follow(apps: Apps, controllers: () => readonly Pick<IsthmusProcess, 'apiUrl'>[]): Promise<void> {
    let epoch = 0
    while (!this.#stop.signal.aborted) {
      for (const controller of controllers()) {
        const group = await readGroup(controller)
        // A controller that lags behind does not send anybody back.
        if (group === undefined || group.epoch < epoch) continue
        epoch = group.epoch
        if (group.active === this.#active) break
        this.#active = group.active
        await apps.route(group.active)
        break
      }
      await sleep(POLL_MS)
    }
  }
}
