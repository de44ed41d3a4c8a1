import { commandLines, remedies } from '../../bin/prerequisites.js'
import { defineFaults } from '../core/index.ts'

const install = (commands: typeof remedies.docker) => commandLines(commands).join('\n')

/** Everything that can go wrong while Kafka is brought up on this machine. */
export const localFaults = defineFaults({
  LOCAL_NO_ENGINE: {
    message: 'there is nothing on this machine to run Kafka with: {docker}; {java}; {maven}',
    remedy: `Install Docker:\n${install(remedies.docker)}\nor a JDK 17+ with Maven:\n${install(remedies.jdk)}`,
    retriable: false,
    status: 503,
  },
  LOCAL_DOCKER_MISSING: {
    message: 'the container engine was asked for, but {docker}',
    remedy: `Start or install Docker, or unset ISTHMUS_ENGINE:\n${install(remedies.docker)}`,
    retriable: false,
    status: 503,
  },
  LOCAL_JDK_MISSING: {
    message: 'the jvm engine was asked for, but {java}',
    remedy: `Install a JDK 17+, or unset ISTHMUS_ENGINE:\n${install(remedies.jdk)}`,
    retriable: false,
    status: 503,
  },
  LOCAL_MAVEN_MISSING: {
    message: 'the jvm engine was asked for, but {maven}',
    remedy: `Install Maven, or unset ISTHMUS_ENGINE:\n${install(remedies.jdk)}`,
    retriable: false,
    status: 503,
  },
  LOCAL_ENGINE_UNKNOWN: {
    message: 'ISTHMUS_ENGINE is "{value}"',
    remedy: 'Set ISTHMUS_ENGINE to container, jvm or auto, or unset it.',
    retriable: false,
    status: 400,
  },
  LOCAL_VERSION_UNKNOWN: {
    message: 'Kafka {version} is not among the versions that local regions can run: {known}',
    remedy: 'Ask for one of these versions, or for its line, such as 3.9.',
    retriable: false,
    status: 400,
  },
  LOCAL_IMAGE_MISSING: {
    message: 'the image {image} is not on this machine and could not be pulled',
    remedy: 'Pull it by hand (docker pull {image}), or set ISTHMUS_ENGINE=jvm where a JDK 17+ and Maven are installed.',
    retriable: true,
    status: 503,
  },
  LOCAL_ARTIFACTS_MISSING: {
    message: 'Maven could not fetch Kafka {version}; its last lines were:\n{tail}',
    remedy:
      'Check that Maven reaches its repository (proxy and mirror settings are in ~/.m2/settings.xml) and try again.',
    retriable: true,
    status: 503,
  },
  LOCAL_BROKER_FAILED: {
    message: 'broker {broker} of region {region} {why}; its log is {logFile} and ends with:\n{tail}',
    remedy: 'Read the log file named above. Free memory is the usual cause where the log ends abruptly.',
    retriable: false,
    status: 500,
  },
  LOCAL_NO_PORT: {
    message: 'no free port between {first} and {last} was found on 127.0.0.1',
    remedy: 'Stop what occupies these ports; leftover broker processes are listed by `ps -ef | grep kafka.Kafka`.',
    retriable: true,
    status: 503,
  },
})
