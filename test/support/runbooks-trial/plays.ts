import { playAdding } from './adding-play.ts'
import {
  playDivergence,
  playGap,
  playNotifications,
  playPositions,
  playRebuilt,
  playStalledLink,
} from './link-plays.ts'
import { playCutOff, playLoss } from './loss-plays.ts'
import { playDrill, playMoves, playStopped } from './move-plays.ts'
import { playPolicies } from './policy-plays.ts'
import { playAuthority, playRestart } from './process-plays.ts'
import { playAlarm, playCertificate, playCredentials, playFences } from './region-plays.ts'
import type { Scene } from './scene.ts'

/** Runbooks in the situations that they are for: broken first, where their checks have to be red; then walked through. */
export type Play = (scene: Scene) => Promise<void>

/** In this order; the group is active in `alpha` before and after each of them. */
export const PLAYS: Readonly<Record<string, Play>> = {
  notifications: playNotifications,
  'stalled-link': playStalledLink,
  positions: playPositions,
  gap: playGap,
  divergence: playDivergence,
  rebuilt: playRebuilt,
  fences: playFences,
  drill: playDrill,
  alarm: playAlarm,
  credentials: playCredentials,
  certificate: playCertificate,
  moves: playMoves,
  stopped: playStopped,
  // Before applications get rights and quotas that a new region would have to be given first.
  adding: playAdding,
  policies: playPolicies,
  loss: playLoss,
  'cut-off': playCutOff,
  restart: playRestart,
  authority: playAuthority,
}
