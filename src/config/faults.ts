import { defineFaults } from '../core/index.ts'

/** What can be wrong with the configuration as a whole; single mistakes in it are problems, see problems.ts. */
export const configFaults = defineFaults({
  CONFIG_UNREADABLE: {
    message: 'the configuration file {file} cannot be read: {reason}',
    remedy: 'give the path of a readable file with --config',
    retriable: false,
    status: 500,
  },
  CONFIG_INVALID: {
    message: 'the configuration {file} has {count} to correct:\n{problems}',
    remedy: 'correct each of the lines named; `isthmus check --config {file}` shows what is left',
    retriable: false,
    status: 500,
  },
  IMPORT_UNREADABLE: {
    message: '{file} cannot be read: {reason}',
    remedy: 'Give the path of a properties file of MirrorMaker 2, or of a KafkaMirrorMaker2 resource.',
    retriable: false,
    status: 400,
  },
  IMPORT_REFUSED: {
    message: '{file} has {count} that no configuration can be made of:\n{problems}',
    remedy: 'Correct each of them, in a copy of the file if need be, and import that.',
    retriable: false,
    status: 400,
  },
  ADMIN_FILE_UNREADABLE: {
    message: 'the file {file} of an administrator of {region} cannot be read: {reason}',
    remedy: "Give the path of what Kafka's own tools take as --command-config, with --admin REGION=FILE.",
    retriable: false,
    status: 400,
  },
  ADMIN_FILE_REFUSED: {
    message: 'nobody can log in to {region} with {file}: {reason}',
    remedy:
      "Name a login by SCRAM or PLAIN in sasl.mechanism and sasl.jaas.config, or grant with Kafka's own tools what `isthmus security rights --kafka-acls` prints.",
    retriable: false,
    status: 400,
  },
  CONFIG_REGION_UNCLEAR: {
    message: 'it is not clear where this process stands: {reason}',
    remedy: 'Name a region of a failover group with --region or health.standsIn: {meant}.',
    retriable: false,
    status: 500,
  },
})
