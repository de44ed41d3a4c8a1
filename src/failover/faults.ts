import { defineFaults } from '../core/index.ts'

/** What a request about a failover group can be refused for. */
export const failoverFaults = defineFaults({
  FAILOVER_GROUP_UNKNOWN: {
    message: 'there is no failover group {group}',
    remedy: 'Name one of the failoverGroups of the configuration.',
    retriable: false,
    status: 404,
  },
  FIRST_REIGN_HELD: {
    message: 'failover group {group} is not recorded: {reason}',
    remedy:
      'A group is recorded once, when every one of its regions has told that it knows of no earlier reign. Bring the regions back; where one has a copy, restore the authority from it.',
    retriable: true,
    status: 503,
  },
  OPERATION_RUNNING: {
    message: '{kind} {operation} of group {group} is at {phase}',
    remedy: 'Wait for it, or abort it. A failover supersedes it.',
    retriable: true,
    status: 409,
  },
  EVIDENCE_LOST: {
    message: 'what {key} held is not in the authority any more',
    remedy:
      'A restored authority has no evidence of what ran before. A move that is rolled back for it is asked for again; where a region was lost, a failover supersedes the roll-back. One that has committed and stands at promoting is superseded by a failover to the region that it left, which holds everything. A return is resumed, and compares its region anew.',
    retriable: false,
    status: 409,
  },
  ATTEMPT_CHANGED: {
    message:
      'the automatic failover {operation} of group {group} is {phase}: it may be ordered only while it is fenced',
    remedy: 'Nothing has to be done: automatic mode looks again, and asks a person where it cannot go on.',
    retriable: false,
    status: 409,
  },
  DOCUMENT_TOO_NEW: {
    message: 'the record of group {group} has format {format}, and this version of Isthmus knows {known}',
    remedy:
      'A newer version has written it: bring this process to that version. It moves and copies nothing of the group until then.',
    retriable: false,
    status: 503,
  },
  OPERATION_NOT_FOUND: {
    message: 'group {group} has no running operation {operation}',
    remedy: 'Look for it in the history: it has ended, or another one has superseded it.',
    retriable: false,
    status: 404,
  },
  ABORT_TOO_LATE: {
    message: 'operation {operation} is at {phase} and cannot be rolled back',
    remedy: 'Let it finish and switch over back, or fail over to another region.',
    retriable: false,
    status: 409,
  },
  NOTHING_TO_RESUME: {
    message: '{what} does not wait for an operator: it is at {phase}',
    remedy: 'Nothing has to be done; show it to see what it waits for.',
    retriable: false,
    status: 409,
  },
  STEP_NOT_SKIPPABLE: {
    message: 'operation {operation} cannot go on without {phase}',
    remedy: 'Follow the instructions of the operation and resume it.',
    retriable: false,
    status: 409,
  },
  GUARDS_FAILED: {
    message: 'the {kind} of group {group} is refused by {guards}',
    remedy: 'See the evidence and the remedy of each guard in the plan. Those that can be overridden need a reason.',
    retriable: true,
    status: 412,
  },
  EPOCH_CHANGED: {
    message: 'group {group} is in epoch {epoch}, the request is for epoch {expected}',
    remedy: 'Somebody moved the group meanwhile: make a new plan.',
    retriable: false,
    status: 412,
  },
  PLAN_CHANGED: {
    message: 'the plan of this {kind} is not the one that the request names',
    remedy: 'What the plan rests on has changed: make a new plan and look at it.',
    retriable: false,
    status: 412,
  },
  GROUP_PAUSED: {
    message: 'group {group} is paused by {by}: {reason}',
    remedy: 'Resume the group first.',
    retriable: false,
    status: 423,
  },
  EPOCH_MISSING: {
    message: 'a {kind} of group {group} needs the epoch and the hash of its plan',
    remedy: 'Make a plan, look at it, and send its epoch and hash with the request.',
    retriable: false,
    status: 428,
  },
  AUTHORITY_UNAVAILABLE: {
    message: 'the authority does not answer: {reason}',
    remedy: 'See `isthmus authority status`. Where it is lost with its region, restore it from another one.',
    retriable: true,
    status: 503,
  },
  LEASE_ENDED: {
    message: 'this controller no longer holds the lease with token {token}',
    remedy: 'Nothing has to be done: another controller goes on, or this one does when it has the lease again.',
    retriable: true,
    status: 503,
  },
  NOT_LEADING: {
    message: 'this controller does not act now: {reason}',
    remedy: 'Ask the controller that leads; `isthmus authority status` names it.',
    retriable: true,
    status: 503,
  },
  REGION_NOT_OF_GROUP: {
    message: 'failover group {group} has no region {region}',
    remedy: 'Use one of: {known}.',
    retriable: false,
    status: 404,
  },
  FENCE_STAYS: {
    message: 'the fence {operation} of {region} for {group} is not taken down: {reason}',
    remedy:
      'Leave it, or move the group. `isthmus unfence --all-of` takes down what nobody else can, where no controller runs.',
    retriable: false,
    status: 409,
  },
  TARGET_NOT_ELIGIBLE: {
    message: 'region {region} cannot become active in group {group}: {reason}',
    remedy: 'Choose another region, or wait until it is a standby again.',
    retriable: false,
    status: 409,
  },
  DRILL_RUNNING: {
    message: 'the {level} drill {drill} of group {group} is at {phase}',
    remedy: 'Wait for it, or abort it: a group has one drill at a time.',
    retriable: true,
    status: 409,
  },
  DRILL_NOT_FOUND: {
    message: 'group {group} has no drill {drill}',
    remedy: 'List the drills of the group: the newest 200 are kept.',
    retriable: false,
    status: 404,
  },
  DRILL_ENDED: {
    message: 'drill {drill} is at {phase} and cannot be aborted',
    remedy: 'Nothing has to be done: it only measures and takes away what it made, or has ended.',
    retriable: false,
    status: 409,
  },
  DRILL_NOT_APPROVED: {
    message: 'a full drill of group {group} moves its applications, and nobody has approved one within 24 hours',
    remedy: 'Approve it with `isthmus drill approve`, then order it again.',
    retriable: false,
    status: 412,
  },
  DRILL_OF_CANARY: {
    message: 'group {group} is what canary drills move, and has no drills of its own',
    remedy: 'Name the group of the configuration that it belongs to.',
    retriable: false,
    status: 409,
  },
  DRILL_NO_CANARY: {
    message: 'group {group} has no canary group',
    remedy: 'Set canary: true in the configuration of the group, or schedule a drill of the level canary.',
    retriable: false,
    status: 409,
  },
  NOT_RETURNING: {
    message: 'region {region} of group {group} has no return at {phase}',
    remedy: 'Look at the status of the group for what the region waits for.',
    retriable: false,
    status: 409,
  },
  RETURN_LOSES_OLDER: {
    message: '{records} records below the fork are nowhere but on {region}, and a re-seed would destroy them',
    remedy:
      'Look at them with `isthmus divergence show`. Copy them elsewhere if they are wanted, then choose again with --loses-older.',
    retriable: false,
    status: 409,
  },
  RETURN_TAIL_CHANGED: {
    message: '{partition} of {region} holds records behind offset {offset}, which were not there when it was scanned',
    remedy: 'Find out who writes there past the fence, then resume the return: the region is scanned again.',
    retriable: false,
    status: 409,
  },
  RETURN_EXPORT_DIFFERS: {
    message: 'what was exported of {partition} is not what {region} holds: {evidence}',
    remedy:
      'Somebody else has written to {topic}, or deleted from it. Keep it aside under another name, delete it, and resume the return.',
    retriable: false,
    status: 409,
  },
  RETURN_CANNOT_KEEP: {
    message: 'what {partition} of {region} holds of its own cannot stay: {reason}',
    remedy: 'Resume the return, look at the divergence again, and choose export, replay or discard.',
    retriable: false,
    status: 409,
  },
})
