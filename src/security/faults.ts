import { defineFaults } from '../core/index.ts'

/** What can be wrong with a fence, where `group` is the failover group that it is for, and with a policy of an owner. */
export const securityFaults = defineFaults({
  FENCE_UNAVAILABLE: {
    message: '{region} cannot be fenced for {group}: {reason}',
    remedy: '{remedy} A fence.command of the region works without ACLs.',
    retriable: false,
    status: 412,
  },
  FENCE_REFUSED: {
    message: '{region} refused to change ACLs for {group}: {name} ({code}) {detail}',
    remedy: 'Add the principal of Isthmus to super.users, or grant it ALTER on the cluster.',
    retriable: false,
    status: 502,
  },
  FENCE_CALL_TIMED_OUT: {
    message: '{region} did not answer {what} within {afterMs} ms',
    remedy:
      'Whether the call was carried out is unknown, and it may still come into force. Isthmus looks again by itself; look for a controller quorum that has no majority.',
    retriable: true,
    status: 504,
  },
  FENCE_COMMAND_FAILED: {
    message: 'the command {command} for {region} and {group} ended with {ending}: {output}',
    remedy: 'Run the command by hand with the same environment. Nothing else is done before it succeeds.',
    retriable: false,
    status: 502,
  },
  FENCE_COMMAND_UNKNOWN: {
    message: 'the command {command} for {region} and {group} did not end within {afterMs} ms and was stopped',
    remedy:
      'What it has done is unknown. Make it finish sooner, or raise fence.command.timeoutSeconds of the region; it is run again on the next attempt and has to bear that.',
    retriable: true,
    status: 504,
  },
  FENCE_COMMAND_MISSING: {
    message: '{region} has no fence command',
    remedy: 'Set fence.command of the region.',
    retriable: false,
    status: 412,
  },
  GATE_COMMAND_FAILED: {
    message: 'the command {command} of the gate of {region} ended with {ending}: {output}',
    remedy: 'Run the command by hand with the same environment. The agent tries it again every second.',
    retriable: true,
    status: 502,
  },
  POLICY_UNAVAILABLE: {
    message: '{region} takes no policy: {reason}',
    remedy: '{remedy} Nothing was changed.',
    retriable: false,
    status: 412,
  },
  POLICY_PLAN_STALE: {
    message: '{region} is not as it was when the policy of {owner} was planned',
    remedy: 'Plan again and look at what has changed. Nothing was done.',
    retriable: false,
    status: 409,
  },
  POLICY_PLAN_REFUSED: {
    message: 'the policy of {owner} is not applied to {region}: {reason}',
    remedy: '{remedy} Nothing was changed; plan again after that.',
    retriable: false,
    status: 412,
  },
  POLICY_UNSETTLED: {
    message: 'entries of the policy of {owner} are not in force on every broker of {region}: {reason}',
    remedy: 'Apply the same plan again: it goes on where it ended. Look for brokers that do not answer.',
    retriable: true,
    status: 504,
  },
  GRANT_PRINCIPAL_UNKNOWN: {
    message: 'it is not known whom to grant anything in {region}: Isthmus logs in without a user name there',
    remedy: 'Set fence.principal of the region to what its brokers call Isthmus. Nothing was changed.',
    retriable: false,
    status: 412,
  },
  GRANT_REGION_UNKNOWN: {
    message: 'the configuration has no region {region}',
    remedy: 'use one of: {known}',
    retriable: false,
    status: 404,
  },
  GRANT_REFUSED: {
    message: 'not everything was granted in {region}: {reason}',
    remedy: 'Log in as somebody who may ALTER the cluster, and give the same command again.',
    retriable: false,
    status: 403,
  },
  GRANT_UNSETTLED: {
    message: 'what was granted is not in force on every broker of {region}: {reason}',
    remedy: 'Give the same command again: it goes on where it ended. Look for brokers that do not answer.',
    retriable: true,
    status: 504,
  },
  POLICY_UNKNOWN: {
    message: 'there is no policy of {owner}',
    remedy: 'use one of: {known}; policies are read when Isthmus starts',
    retriable: false,
    status: 404,
  },
  POLICY_REGION_UNKNOWN: {
    message: 'no policy that was asked for applies to {region}',
    remedy: 'use one of: {known}',
    retriable: false,
    status: 404,
  },
  FENCE_TOPIC_CONFIG_REFUSED: {
    message: '{region} cannot be fenced for {group} through topic configs: {reason}',
    remedy:
      'Use the acl or the command fence. This one refuses the markers that end transactions, and everything that Isthmus writes: it is for a region that is being left, and only while no transactional producer has written to its topics lately.',
    retriable: false,
    status: 412,
  },
})
