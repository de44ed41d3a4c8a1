import { defineFaults } from '../core/index.ts'

export const routingFaults = defineFaults({
  ROUTING_COMMAND_FAILED: {
    message: 'the command {command} of group {group} ended with {ending}: {output}',
    remedy: 'Run it by hand with the same environment, remove the cause, then resume the operation.',
    retriable: false,
    status: 500,
  },
  ROUTING_WEBHOOK_REFUSED: {
    message: '{url} answered {action} of group {group} with {answer}: {body}',
    remedy: 'Look at what the receiver objects to, such as the token or a name in the body, and remove the cause.',
    retriable: false,
    status: 502,
  },
  ROUTING_DNS_KEY_UNKNOWN: {
    message: 'the name server {server} does not know the key {key} with {algorithm} (BADKEY)',
    remedy: 'Add the key to the server under exactly this name and algorithm, or correct both in the configuration.',
    retriable: false,
    status: 502,
  },
  ROUTING_DNS_KEY_WRONG: {
    message: 'the name server {server} has another secret for the key {key} ({error})',
    remedy: 'Put the secret that the server has into the secretFile, and start Isthmus again.',
    retriable: false,
    status: 502,
  },
  ROUTING_DNS_CLOCK: {
    message: 'the clock of the name server {server} and the one here are {apart} apart (BADTIME)',
    remedy: 'Set both clocks by NTP: a signature holds for 300 s.',
    retriable: false,
    status: 502,
  },
  ROUTING_DNS_REFUSED: {
    message: 'the name server {server} does not let the key {key} change the records of {zone} (REFUSED)',
    remedy: 'Allow it to (allow-update or update-policy in BIND), and name a primary of the zone, not a secondary.',
    retriable: false,
    status: 502,
  },
  ROUTING_DNS_NO_ZONE: {
    message: 'the name server {server} is not authoritative for {zone} ({answer})',
    remedy: 'Name the zone as the server has it, and only its own primaries and secondaries; let Isthmus ask them.',
    retriable: false,
    status: 502,
  },
  ROUTING_DNS_STRANGER: {
    message: 'the name server {server} has {value} as {record}, which the configuration gives to no region',
    remedy: 'Find out who wrote it, then put the value of a region there, or correct the configuration.',
    retriable: false,
    status: 409,
  },
  ROUTING_KUBERNETES_ABSENT: {
    message: 'there is no {object} ({where})',
    remedy: 'Create it with what the active region is to have, or correct name and namespace in the configuration.',
    retriable: false,
    status: 409,
  },
  ROUTING_KUBERNETES_STRANGER: {
    message: 'the {object} ({where}) has {value}, which the configuration gives to no region',
    remedy: 'Find out who wrote it, then put the value of a region there, or correct the configuration.',
    retriable: false,
    status: 409,
  },
  ROUTING_DNS_FAILED: {
    message: 'the name server {server} answers {answer} for {zone}',
    remedy: 'Look into its log, and name a server that takes dynamic updates (RFC 2136).',
    retriable: false,
    status: 502,
  },
})
