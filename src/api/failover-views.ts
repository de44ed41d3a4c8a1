import {
  findBlocking,
  type GroupDocument,
  type MovePlan,
  type OperationRecord,
  type ReadGroup,
  type RegionEntry,
  type ReturnRecord,
} from '../failover/index.ts'
import type { FailoverGroupBody, OperationBody, PlanBody } from './contract/index.ts'

/** From the documents of failover groups to the bodies of the contract. Pure. */
export function viewFailoverGroup(
  { document, revision }: ReadGroup,
  { fences, automatic }: Pick<FailoverGroupBody, 'fences' | 'automatic'>,
): FailoverGroupBody {
  const { group, generation, epoch, active, regions, reigns, paused, operation } = document
  return {
    group,
    generation,
    epoch,
    revision,
    active,
    regions: Object.entries(regions).map(([region, entry]) => viewEntry(region, entry)),
    reigns: [...reigns],
    paused: paused ?? null,
    operation: operation === undefined ? null : viewOperation(group, operation, true),
    fences,
    automatic,
  }
}

/** The ETag of a group: what a request about its epoch names, and what changes with every write. */
export function tagOf({ epoch, revision }: Pick<FailoverGroupBody, 'epoch' | 'revision'>): string {
  return `"${epoch}/${revision}"`
}

function viewEntry(region: string, entry: RegionEntry): FailoverGroupBody['regions'][number] {
  const { role, since, reason, unfenced } = entry
  return {
    region,
    role,
    since,
    reason,
    unfenced: unfenced ?? null,
    return: entry.return === undefined ? null : viewReturn(entry.return),
  }
}

function viewReturn(record: ReturnRecord): NonNullable<FailoverGroupBody['regions'][number]['return']> {
  const { id, phase, attempt, epoch, divergence, choice, stop, waiting, evidence } = record
  return {
    id,
    phase,
    attempt,
    epoch,
    divergence: divergence ?? null,
    choice: choice === undefined ? null : { ...choice, losesOlder: choice.losesOlder ?? false },
    stop: viewStop(stop),
    waiting: waiting === undefined ? null : { reason: waiting.reason, since: waiting.since },
    evidence: viewEvidence(evidence),
  }
}

/** `isPresent`: it stands in the document of the group. */
export function viewOperation(
  group: GroupDocument['group'],
  operation: OperationRecord,
  isPresent: boolean,
): OperationBody {
  const { id, kind, from, to, phase, attempt, epoch, fence, warnings } = operation
  const { by, reason, at, planHash, acceptLoss, overrides, attestation, writePauseLimitMs } = operation.request
  return {
    id,
    group,
    kind,
    from,
    to,
    state: stateOf(phase, isPresent),
    phase,
    attempt,
    epoch,
    by,
    reason,
    at,
    planHash,
    acceptLoss,
    overrides: [...overrides],
    attestation: attestation ?? null,
    fence,
    writePausedSeconds: operation.writePausedMs / 1_000,
    writePauseLimitSeconds: writePauseLimitMs / 1_000,
    warnings: [...warnings],
    abort: operation.abort ?? null,
    stop: viewStop(operation.stop),
    supersedes: operation.supersedes?.operation ?? null,
    evidence: viewEvidence(operation.evidence),
  }
}

function stateOf(phase: OperationRecord['phase'], isPresent: boolean): OperationBody['state'] {
  if (phase === 'done' || phase === 'rolled-back') return phase
  if (!isPresent) return 'superseded'
  return phase === 'rolling-back' || phase === 'needs-operator' ? phase : 'running'
}

function viewStop(stop: OperationRecord['stop'] | ReturnRecord['stop']): OperationBody['stop'] {
  return stop === undefined ? null : { ...stop, fault: stop.fault ?? null }
}

function viewEvidence(evidence: OperationRecord['evidence'] | ReturnRecord['evidence']): OperationBody['evidence'] {
  return Object.entries(evidence).map(([phase, { key, digest }]) => ({ phase, key, digest }))
}

export function viewPlan(plan: MovePlan, acceptLoss: boolean): PlanBody {
  const { group, kind, from, to, epoch, hash, guards, steps, predicted, notes } = plan
  const { loss, writePauseMs } = predicted
  return {
    group,
    kind,
    from,
    to,
    epoch,
    hash,
    blocking: findBlocking(plan, acceptLoss),
    guards: guards.map(({ override, ...guard }) => ({ ...guard, override: override ?? null })),
    steps: [...steps],
    predicted: {
      lossRecords: loss.records,
      isEstimate: loss.isEstimate,
      partitions: loss.partitions.map(({ seenMsAgo, ...same }) => ({ ...same, seenSecondsAgo: seenMsAgo / 1_000 })),
      writePauseSeconds: writePauseMs === undefined ? null : writePauseMs / 1_000,
    },
    notes: [...notes],
  }
}
