import type { RegionName } from '../../src/core/index.ts'
import type { LinkPause, LinkPauses } from '../../src/replication/index.ts'

/** Which links are paused, in memory: what `LinkPauses` keeps in the targets. */
export function memoryPauses() {
  const paused = new Map<string, LinkPause & { readonly target: RegionName }>()
  const port: Pick<LinkPauses, 'read' | 'set'> = {
    read: async (target) => new Map([...paused].filter(([, pause]) => pause.target === target)),
    set: async (target, link, to) => {
      if (to === undefined) paused.delete(link)
      else paused.set(link, { ...to, target })
    },
  }
  return { paused, port: port as LinkPauses }
}
