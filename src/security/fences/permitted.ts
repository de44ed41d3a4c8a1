import { describeError } from '../../core/index.ts'
import type { FenceCluster } from './region-access.ts'

/** Throws where the caller may not change anything any more. */
export type FencePermit = () => unknown

/** The cluster, with the permit asked right before every call that changes something. */
export function permittedCluster(cluster: FenceCluster, permit: FencePermit): FenceCluster {
  return {
    ...cluster,
    createAcls: (...args) => ask(permit, () => cluster.createAcls(...args)),
    deleteAcls: (...args) => ask(permit, () => cluster.deleteAcls(...args)),
    alterTopicConfigs: (...args) => ask(permit, () => cluster.alterTopicConfigs(...args)),
  }
}

/** A refusal is told as the call's own failure. */
async function ask<Result>(permit: FencePermit, call: () => Promise<Result>): Promise<Result> {
  askPermit(permit)
  return call()
}

/** No fault, whatever the permit throws: nothing is tried again without it, and nothing goes on record as refused. */
export function askPermit(permit: FencePermit): void {
  try {
    permit()
  } catch (error) {
    throw new Error(describeError(error), { cause: error })
  }
}
