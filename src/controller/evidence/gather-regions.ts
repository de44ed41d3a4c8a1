import type { SourceEvidence, TargetEvidence } from '../../failover/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import { compileGroupSelection } from '../../replication/index.ts'
import { type Gathering, namesOf } from './gathering.ts'
import { mustAnswer } from './looks.ts'
import { findOwnRightsMissing } from './own-rights.ts'
import {
  type FencePlans,
  findFenceUnavailable,
  findUnfenced,
  readCertificateDays,
  readDiskFreeShare,
  readStanding,
  RIGHTS_LOOKS,
} from './region-looks.ts'
import { findMinIsrTooHigh, findUnderReplicated } from './topic-parity.ts'

export async function gatherTarget(gathering: Gathering): Promise<TargetEvidence> {
  const { parts, looks, source, target, isSelected } = gathering
  const { rooms, clock } = parts
  const { cluster, metadata, topics, region } = target
  const here = () => mustAnswer(metadata, region)
  const [configs, rights, own, certificateDays, standing, diskFreeShare, refused, policyDrift, probed] =
    await Promise.all([
      looks.look(['min-isr-fits'], (signal) => {
        return describeConfigs(source.cluster, namesOf(mustAnswer(source.topics, source.region)), signal)
      }),
      gatherRights(gathering),
      gatherOwnRights(gathering, 'target'),
      looks.look(['certificates-valid'], (signal) => readCertificateDays(cluster, here(), clock.nowMs(), signal)),
      looks.look(['standing-fence'], (signal) => {
        here()
        return readStanding(parts, region, signal)
      }),
      looks.look(['disk-headroom'], (signal) => readDiskFreeShare(cluster, here(), signal)),
      looks.look(['configs-accepted'], async (signal) => {
        here()
        mustAnswer(source.metadata, source.region)
        const { moves } = rooms.replicator
        const recorded = await moves.recordConfigs(rooms.linkOf(source.region, region), signal)
        return moves.validateConfigs(region, recorded, signal)
      }),
      looks.look(['policies-hold'], async (signal) => {
        here()
        return (await parts.security?.judgePolicies(region, signal)) ?? { stops: [], notes: [] }
      }),
      looks.look(['baseline-met'], async () => {
        here()
        return (await parts.security?.judgeProbes(region)) ?? { stops: [], notes: [] }
      }),
    ])
  return {
    isReachable: metadata !== undefined,
    underReplicated: metadata && findUnderReplicated(metadata, isSelected),
    minIsrTooHigh: configs && topics && findMinIsrTooHigh(configs, topics),
    configsRefused: refused?.map(({ targetTopic, reason }) => `${targetTopic}: ${reason}`),
    rightsMissing: rights,
    policyDrift,
    probed,
    ownRightsMissing: own,
    certificateDays,
    ...standing,
    // Only a full drill measures it.
    throughput: null,
    diskFreeShare,
  }
}

export async function gatherSource(gathering: Gathering): Promise<SourceEvidence> {
  const { parts, looks, source } = gathering
  const { rooms, clock, fencing } = parts
  const { region, cluster, metadata } = source
  const [own, certificateDays, plans] = await Promise.all([
    gatherOwnRights(gathering, 'source'),
    looks.look([], (signal) => readCertificateDays(cluster, mustAnswer(metadata, region), clock.nowMs(), signal)),
    gatherFencePlans(gathering),
  ])
  const superUsers = plans && findUnfenced(plans.topics, fencing.get(region)?.principal)
  if (plans !== undefined && superUsers === undefined) {
    looks.note('everyone-fenced', `brokers do not tell super.users: name them in fence.superUsers of ${region}`)
  }
  return {
    isReachable: metadata !== undefined,
    ownRightsMissing: own,
    certificateDays,
    fenceUnavailable: findFenceUnavailable(plans, rooms.fences.get(region) ?? { hasCommand: false }),
    superUsers,
  }
}

async function gatherFencePlans({ parts, looks, source, readers }: Gathering): Promise<FencePlans | undefined> {
  const { region, metadata } = source
  return await looks.look(['fence-available', 'everyone-fenced'], async (signal) => {
    mustAnswer(metadata, region)
    const fences = mustAnswer(parts.rooms.fences.get(region), region)
    const topics = await fences.plan(parts.rooms.scope, signal)
    const ids = (await readers)?.readers.map(({ groupId }) => groupId) ?? []
    return { topics, groups: await fences.planGroups(ids, signal) }
  })
}

/** What one of the looks finds missing counts, also where another one could not be made. */
async function gatherRights({
  parts,
  looks,
  source,
  target,
  isSelected,
}: Gathering): Promise<readonly string[] | undefined> {
  const scope = {
    topics: namesOf(source.topics ?? []),
    isTopic: isSelected,
    isGroup: compileGroupSelection(parts.consumerGroups),
    ownPrincipal: parts.fencing.get(source.region)?.principal,
  }
  const found = await Promise.all(
    RIGHTS_LOOKS.map((look) =>
      looks.look(['rights-present'], (signal) => {
        mustAnswer(source.metadata, source.region)
        mustAnswer(target.metadata, target.region)
        return look({ source: source.cluster, target: target.cluster, scope }, signal)
      }),
    ),
  )
  const missing = found.flatMap((list) => list ?? [])
  return missing.length === 0 && found.includes(undefined) ? undefined : missing
}

async function gatherOwnRights(
  gathering: Gathering,
  side: 'source' | 'target',
): Promise<readonly string[] | undefined> {
  const { parts, looks } = gathering
  const { region, cluster, topics } = gathering[side]
  return await looks.look([`own-rights-${side}`], async (signal) => {
    const names = namesOf(mustAnswer(topics, region))
    const usesAcls = parts.rooms.fences.get(region)?.hasCommand !== true
    const rights = await cluster.ownRights(names, signal)
    return findOwnRightsMissing({ side, rights, topics: names, usesAcls })
  })
}

/** Effective ones, of topics that are there. */
export async function describeConfigs(
  cluster: Pick<Cluster, 'describeTopicConfigs'>,
  names: readonly string[],
  signal: AbortSignal,
) {
  const described = await Promise.all(chunksOf(names).map((some) => cluster.describeTopicConfigs(some, signal)))
  return described.flat()
}

const NAMES_PER_REQUEST = 100

function chunksOf(names: readonly string[]): string[][] {
  const count = Math.ceil(names.length / NAMES_PER_REQUEST)
  return Array.from({ length: count }, (_, at) => names.slice(at * NAMES_PER_REQUEST, (at + 1) * NAMES_PER_REQUEST))
}
