/** SCRAM mechanisms by their codes on the wire: `org.apache.kafka.clients.admin.ScramMechanism` of Kafka 4.3. */
export const SCRAM_MECHANISMS = ['unknown', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

export type ScramMechanism = Exclude<(typeof SCRAM_MECHANISMS)[number], 'unknown'>
