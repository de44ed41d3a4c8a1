import { type Random, randomBelow } from '../../src/core/index.ts'
import type { Json } from '../../src/failover/outcome.ts'
import { groupKey } from '../../src/failover/state.ts'
import type { Checks } from './checks.ts'
import type { SimAuthority } from './sim-authority.ts'
import type { SimController } from './sim-controller.ts'
import { type CallFate, GROUP } from './site.ts'
import type { World } from './world.ts'

/** What can go wrong, by name: how it begins and how it ends. The regions are those of the move at hand. */
export interface FaultScene {
  readonly world: World
  readonly authority: SimAuthority
  readonly checks: Checks
  readonly random: Random
  readonly controllers: readonly SimController[]
  readonly leader: SimController | undefined
  readonly source: string
  readonly target: string
  readonly third: string
  /** What is to happen to the next call to a region. */
  arm(fate: CallFate): void
}

type Begin = (scene: FaultScene) => () => void

const nothing = () => undefined

const down =
  (side: 'source' | 'target' | 'third'): Begin =>
  (scene) => {
    const region = scene.world.region(scene[side])
    region.isAlive = false
    scene.checks.touched.add(scene[side])
    return () => region.heal()
  }

const cutOff =
  (side: 'source' | 'target'): Begin =>
  ({ world, checks, ...scene }) => {
    const name = scene[side]
    world.isolated.add(name)
    checks.touched.add(name)
    return () => world.isolated.delete(name)
  }

const frozen =
  (side: 'source' | 'target', what: 'quorum' | 'broker' | 'rights' | 'follower'): Begin =>
  ({ world, checks, random, ...scene }) => {
    const region = world.region(scene[side])
    const index = randomBelow(random, region.brokers.length)
    const broker = region.brokers[index]
    const log = region.partitions[index]
    checks.touched.add(scene[side])
    if (what === 'quorum') region.freezeQuorum()
    if (what === 'broker' && broker !== undefined) broker.isFrozen = true
    if (what === 'rights' && broker !== undefined) broker.isLagging = true
    if (what === 'follower' && log !== undefined) log.isFollowerFrozen = true
    return () => region.heal()
  }

const fate =
  (next: CallFate): Begin =>
  (scene) => {
    scene.arm(next)
    return () => {
      for (const controller of scene.controllers) controller.restart()
    }
  }

const writes =
  (how: 'lost' | 'unanswered'): Begin =>
  ({ leader, random }) => {
    const count = 1 + randomBelow(random, 3)
    for (let index = 0; index < count; index++) leader?.nextWrites.push(how)
    return nothing
  }

export const FAULTS: Readonly<Record<string, Begin>> = {
  'controller-killed': ({ leader }) => {
    leader?.kill()
    return () => leader?.restart()
  },
  'killed-before-call': fate('kill-before'),
  'killed-after-call': fate('kill-after'),
  'late-call': fate('late'),
  'killed-with-late-call': fate('kill-late'),
  'controller-paused': ({ leader }) => {
    leader?.pause()
    return () => leader?.wake()
  },
  'authority-out': ({ authority }) => {
    authority.isOut = true
    return () => {
      authority.isOut = false
    }
  },
  'write-lost': writes('lost'),
  'write-unanswered': writes('unanswered'),
  'write-conflict': ({ authority, world, random }) => {
    const bump = () => authority.put(groupKey(GROUP), authority.group(groupKey(GROUP)) as unknown as Json)
    for (let index = 0; index < 4; index++) world.clock.schedule(random.next() * 300, bump, false)
    return nothing
  },
  'source-down': down('source'),
  'target-down': down('target'),
  'third-down': down('third'),
  'source-cut-off': cutOff('source'),
  'target-cut-off': cutOff('target'),
  'source-quorum-frozen': frozen('source', 'quorum'),
  'target-quorum-frozen': frozen('target', 'quorum'),
  'source-broker-frozen': frozen('source', 'broker'),
  'target-broker-frozen': frozen('target', 'broker'),
  'source-broker-lags': frozen('source', 'rights'),
  'target-broker-lags': frozen('target', 'rights'),
  'source-follower-frozen': frozen('source', 'follower'),
  'target-follower-frozen': frozen('target', 'follower'),
  'replicator-frozen': ({ world, target }) => {
    world.links.freeze(target)
    return () => world.links.thaw()
  },
  'clocks-jump': ({ controllers, random }) => {
    for (const controller of controllers) controller.jumpClock((random.next() - 0.5) * 86_400_000)
    return nothing
  },
}

/** Those that happen to the next call rather than at once. */
export const ARMED = new Set(['killed-before-call', 'killed-after-call', 'late-call', 'killed-with-late-call'])

export const FAULT_NAMES = Object.keys(FAULTS)
