import type { EffectName } from '../../../../src/failover/index.ts'
import type { Edge } from './edge-scene.ts'

/** A region dies in the middle of a move: killed, with everything it held in memory. */

const ATTESTATION = 'its brokers were killed'

/** In a step before the commit. Once the target was drained, the failover that takes over loses nothing. */
export function sourceKilled(effect: EffectName): Edge {
  return {
    name: `source-killed-${effect}`,
    async run(scene) {
      const { active, standby } = scene
      const move = await scene.order()
      await scene.until(move, effect)
      await active.region.stopBroker(0, { hard: true })
      const present = scene.phaseOf(move.operation)
      const failover = await scene.order({ kind: 'failover', to: standby.name, attestation: ATTESTATION })
      const problems = await scene.expectEnd(failover, ['done'])
      if (scene.active.name !== standby.name) problems.push(`${scene.active.name} is active, it was at ${present}`)
      return [...problems, ...(await scene.expectWritable(standby))]
    },
  }
}

/** Behind the commit, before an application has written there: the old region takes over again, and nothing is lost. */
export function targetKilled(effect: EffectName): Edge {
  return {
    name: `target-killed-${effect}`,
    async run(scene) {
      const { active, standby } = scene
      const move = await scene.order()
      await scene.until(move, effect)
      await standby.region.stopBroker(0, { hard: true })
      const back = await scene.order({ kind: 'failover', to: active.name, attestation: ATTESTATION })
      const problems = await scene.expectEnd(back, ['done'])
      if (scene.active.name !== active.name) problems.push(`${scene.active.name} is active`)
      return [...problems, ...(await scene.expectWritable(active))]
    },
  }
}
