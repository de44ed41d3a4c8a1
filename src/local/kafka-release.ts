import { localFaults } from './faults.ts'

/** One release of Kafka, and how its broker is run. */
export interface KafkaRelease {
  /** Such as `4.3.1`. */
  readonly version: string
  /** Whether it is Kafka 4: KRaft only, log4j 2, share groups. */
  readonly major: 3 | 4
  readonly image: string
  /** Maven coordinates `group:artifact:version` of its broker. */
  readonly artifacts: readonly string[]
  /** The logging configuration: the file's name and content, and the option that names it to the JVM. */
  readonly logging: { readonly file: string; readonly content: string; readonly option: string }
}

/** Everything at INFO to standard output, which both engines send to the broker's log file. */
const LOG4J_2 = {
  file: 'log4j2.properties',
  option: '-Dlog4j2.configurationFile=',
  content: `status = warn
shutdownHook = disable
appender.console.type = Console
appender.console.name = STDOUT
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d] %p %m (%c)%n
rootLogger.level = INFO
rootLogger.appenderRef.stdout.ref = STDOUT
`,
}

const LOG4J_1 = {
  file: 'log4j.properties',
  option: '-Dlog4j.configuration=file:',
  content: `log4j.rootLogger=INFO, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=[%d] %p %m (%c)%n
`,
}

const RELEASES: readonly KafkaRelease[] = [
  {
    version: '4.3.1',
    major: 4,
    image: 'apache/kafka:4.3.1',
    artifacts: [
      'org.apache.kafka:kafka_2.13:4.3.1',
      'org.apache.kafka:kafka-tools:4.3.1',
      'org.apache.logging.log4j:log4j-slf4j-impl:2.25.4',
    ],
    logging: LOG4J_2,
  },
  {
    version: '3.9.2',
    major: 3,
    image: 'apache/kafka:3.9.2',
    artifacts: ['org.apache.kafka:kafka_2.13:3.9.2', 'org.slf4j:slf4j-reload4j:1.7.36'],
    logging: LOG4J_1,
  },
]

/** What regions run where nobody asks for another. */
export const DEFAULT_KAFKA_VERSION = '4.3.1'

/** The release of a full version or of its line, such as `3.9`. Faults: LOCAL_VERSION_UNKNOWN. */
export function kafkaRelease(version: string = DEFAULT_KAFKA_VERSION): KafkaRelease {
  const release = RELEASES.find((each) => each.version === version || each.version.startsWith(`${version}.`))
  if (release !== undefined && /^\d+\.\d+/.test(version)) return release
  const known = RELEASES.map((each) => each.version).join(', ')
  throw localFaults.fault('LOCAL_VERSION_UNKNOWN', { version, known })
}
