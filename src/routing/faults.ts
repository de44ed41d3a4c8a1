import { defineFaults } from '../core/index.ts'

export const routingFaults = defineFaults({
  ROUTING_COMMAND_FAILED: {
    message: 'the command {command} of group {group} ended with {ending}: {output}',
    remedy: 'Run it by hand with the same environment, remove the cause, then resume the operation.',
    retriable: false,
    status: 500,
  },
})
