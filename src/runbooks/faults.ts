import { defineFaults } from '../core/index.ts'

/** What a runbook, or a run of it, can fail with before a command was carried out. */
export const runbookFaults = defineFaults({
  RUNBOOK_INVALID: {
    message: '{file}:{line}: {rule}',
    remedy: 'correct that line: {remedy}',
    retriable: false,
    status: 500,
  },
  RUNBOOK_UNREADABLE: {
    message: 'the runbooks in {folder} cannot be read: {reason}',
    remedy: 'name their folder with --folder, or put the folder runbooks beside the sources of Isthmus',
    retriable: false,
    status: 404,
  },
  RUNBOOK_UNKNOWN: {
    message: 'there is no runbook {id}',
    remedy: 'choose one of {known}',
    retriable: false,
    status: 404,
  },
  RUNBOOK_BLOCK_UNKNOWN: {
    message: 'the runbook {id} has no block {block}',
    remedy: 'choose from {known}',
    retriable: false,
    status: 404,
  },
  RUNBOOK_PARAM_INVALID: {
    message: 'the parameter {name} of the runbook {id} {rule}',
    remedy: 'give it as {name}=VALUE: {describe}',
    retriable: false,
    status: 400,
  },
  RUNBOOK_VALUE_MISSING: {
    message: 'the block {block} needs ${name}, which the block {from} finds out',
    remedy: 'run {from} first, or give {name} as a parameter',
    retriable: false,
    status: 409,
  },
  RUNBOOK_SHELL_REFUSED: {
    message: 'the block {block} of the runbook {id} has commands that are not of Isthmus',
    remedy: 'run it where the command line of Isthmus is: `isthmus runbook run {id} --only {block}`',
    retriable: false,
    status: 422,
  },
  RUNBOOK_PROCESS_REFUSED: {
    message: 'this command reads files of the machine it runs on, and the API does not carry it out',
    remedy: 'run the block where the configuration is, with `isthmus runbook run`',
    retriable: false,
    status: 422,
  },
  RUNBOOK_RUN_UNKNOWN: {
    message: 'there is no run {run}',
    remedy: 'see the list of runs; the newest {kept} since the process started are kept',
    retriable: false,
    status: 404,
  },
  RUNBOOK_RUN_BUSY: {
    message: 'the run {run} is carrying out blocks',
    remedy: 'wait until they have ended, or stop the run',
    retriable: true,
    status: 409,
  },
  RUNBOOK_RUN_FULL: {
    message: 'the run {run} has carried out {blocks} blocks and may carry out {most}',
    remedy: 'begin another run',
    retriable: false,
    status: 409,
  },
  RUNBOOK_BUSY: {
    message: '{running} runs of runbooks are under way',
    remedy: 'wait until one has ended, or stop it',
    retriable: true,
    status: 429,
  },
})
