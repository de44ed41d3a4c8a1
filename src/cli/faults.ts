import { defineFaults } from '../core/index.ts'

/** What a command can fail with before the API has said anything. */
export const cliFaults = defineFaults({
  CLI_API_UNREACHABLE: {
    message: 'no answer from the API at {api}: {reason}',
    remedy: 'start it with `isthmus run --config FILE`, or name it with --api URL or ISTHMUS_API',
    retriable: true,
    status: 503,
  },
  CLI_API_TIMED_OUT: {
    message: 'the API at {api} did not answer within {seconds} s',
    remedy: 'try again; look at the log of the process behind it',
    retriable: true,
    status: 504,
  },
  CLI_NOT_ISTHMUS: {
    message: '{api} answered {status} and not as Isthmus does',
    remedy: 'correct --api or ISTHMUS_API: something else listens there',
    retriable: false,
    status: 502,
  },
  CLI_API_URL_INVALID: {
    message: '"{api}" is not the URL of an API',
    remedy: 'write it like http://127.0.0.1:8080',
    retriable: false,
    status: 400,
  },
  CLI_SETTINGS_INVALID: {
    message: 'the settings of the command in {file} cannot be used: {reason}',
    remedy: 'correct or remove the file; it may hold api, tokenFile, caFile, certFile and keyFile',
    retriable: false,
    status: 400,
  },
  CLI_PARAM_UNCLEAR: {
    message: '--param {value} is not clear',
    remedy: 'write it as NAME=VALUE; `isthmus runbook list` shows the names',
    retriable: false,
    status: 400,
  },
  CLI_FILE_UNREADABLE: {
    message: '{file} cannot be read: {reason}',
    remedy: 'correct the path, or let your user read it',
    retriable: false,
    status: 400,
  },
  CLI_FILE_UNWRITABLE: {
    message: '{file} cannot be written: {reason}',
    remedy: 'name a file in a folder that is there and that your user may write to',
    retriable: false,
    status: 400,
  },
  CLI_TOKEN_INVALID: {
    message: 'what ISTHMUS_TOKEN or the token file holds is not a token',
    remedy: 'give the one line that `isthmus token create` printed',
    retriable: false,
    status: 400,
  },
  CLI_TOKEN_EXPOSED: {
    message: 'the token was not sent to {api}: everybody on the way could read it',
    remedy: 'name the API as https://, with --ca-file where its authority is your own',
    retriable: false,
    status: 400,
  },
  CLI_VERIFY_UNCLEAR: {
    message: '{option} {value} is not clear',
    remedy: 'write offsets and counts as whole numbers, minutes like 15m and times like 2026-01-31T06:00:00Z',
    retriable: false,
    status: 400,
  },
  CLI_VERIFY_SCOPE: {
    message: '{option} says nothing in scope {scope}',
    remedy: 'add --scope {needed}, or leave the option out',
    retriable: false,
    status: 400,
  },
  CLI_VERIFY_STATE_INVALID: {
    message: 'the state file {file} cannot be used: {reason}',
    remedy: 'delete it to begin anew, or name another one',
    retriable: false,
    status: 400,
  },
  CLI_PAUSE_UNCLEAR: {
    message: 'it is not clear what to {verb}',
    remedy: 'name a failover group, with --reason to pause it, or a link with --link, not both',
    retriable: false,
    status: 400,
  },
  CLI_NOT_CONFIRMED: {
    message: 'link {link} was not removed: this was the plan',
    remedy: 'add --yes to do it',
    retriable: false,
    status: 412,
  },
  CLI_RESTORE_NOT_CONFIRMED: {
    message: 'the authority was not restored from {region}: this was the plan',
    remedy: 'type the name of the region when asked, or add --yes',
    retriable: false,
    status: 412,
  },
  CLI_FENCE_NOT_CONFIRMED: {
    message: 'nothing was changed: {name} was not confirmed',
    remedy: 'type the name when asked, or add --yes',
    retriable: false,
    status: 412,
  },
  CLI_APPLY_NOT_CONFIRMED: {
    message: 'nothing was changed: this was the plan',
    remedy: 'type apply when asked, or add --yes',
    retriable: false,
    status: 412,
  },
  CLI_ADMIN_UNCLEAR: {
    message: '--admin {value} is not clear',
    remedy:
      "write it as REGION=FILE, once for each region, with the file that Kafka's own tools take as --command-config",
    retriable: false,
    status: 400,
  },
  CLI_GRANT_NOT_CONFIRMED: {
    message: 'nothing was granted: this was the plan',
    remedy: 'type grant when asked, or add --yes',
    retriable: false,
    status: 412,
  },
  CLI_PLAN_UNREADABLE: {
    message: '{file} is no plan of policies: {reason}',
    remedy: 'make it with `isthmus security plan --output json`',
    retriable: false,
    status: 400,
  },
  CLI_UNFENCE_UNCLEAR: {
    message: 'it is not clear which fences are to be taken down',
    remedy: 'give a group and --region, or --all-of with --config and no group',
    retriable: false,
    status: 400,
  },
  CLI_MOVE_NOT_CONFIRMED: {
    message: 'group {group} was not moved: this was the plan',
    remedy: 'type the name of the group when asked, or add --yes',
    retriable: false,
    status: 412,
  },
  CLI_CHOICE_NOT_CONFIRMED: {
    message: 'nothing was chosen for region {region} of group {group}: this is what would be done',
    remedy: 'type the name of the group when asked, or add --yes',
    retriable: false,
    status: 412,
  },
  CLI_MOVE_BLOCKED: {
    message: 'the {kind} of group {group} is refused by {guards}',
    remedy:
      'see the remedy of each guard above; --override GUARD=REASON goes on without one that can be overridden, --accept-loss accepts the loss of a failover',
    retriable: false,
    status: 412,
  },
  CLI_OVERRIDE_UNCLEAR: {
    message: '--override {value} is not clear',
    remedy: 'write it as GUARD=REASON',
    retriable: false,
    status: 400,
  },
  CLI_OPERATION_UNCLEAR: {
    message: '{id} is not the id of an operation',
    remedy: 'give it as the move printed it, or as `isthmus history` shows it',
    retriable: false,
    status: 400,
  },
  CLI_DRILL_UNCLEAR: {
    message: '{id} is not the id of a drill',
    remedy: 'give it as `isthmus drill run` printed it, or as `isthmus drill list` shows it',
    retriable: false,
    status: 400,
  },
  CLI_DRILL_MISSING: {
    message: 'no drill of {group} has ended yet',
    remedy: 'begin one with `isthmus drill run`, or wait until it has ended',
    retriable: false,
    status: 404,
  },
  CLI_TRANSLATE_UNCLEAR: {
    message: 'it is not clear what to translate',
    remedy: 'give --topic, --partition and --offset, or --group alone',
    retriable: false,
    status: 400,
  },
})
