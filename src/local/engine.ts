import { findEngines } from '../../bin/prerequisites.js'
import { localFaults } from './faults.ts'

export type LocalEngine = 'container' | 'jvm'

/** The engine that would run brokers here, and why. */
export type EngineChoice =
  | {
      readonly engine: 'container'
      readonly reason: string
      /** Where the container engine listens, such as `unix:///var/run/docker.sock`. */
      readonly endpoint: string
      /** What to run Kafka with where the image cannot be had; only in an `auto` choice. */
      readonly fallback: JvmPrograms | undefined
    }
  | { readonly engine: 'jvm'; readonly reason: string; readonly programs: JvmPrograms }

export interface JvmPrograms {
  readonly javaProgram: string
  readonly mavenProgram: string
}

/**
 * Docker where it answers, else Java with Maven; `ISTHMUS_ENGINE` decides where the caller leaves it open. Nothing is
 * started or downloaded. Faults: LOCAL_NO_ENGINE, LOCAL_DOCKER_MISSING, LOCAL_JDK_MISSING, LOCAL_MAVEN_MISSING,
 * LOCAL_ENGINE_UNKNOWN.
 */
export async function detectEngine(wanted: LocalEngine | 'auto' = 'auto'): Promise<EngineChoice> {
  const forced = wanted === 'auto' ? process.env.ISTHMUS_ENGINE || 'auto' : wanted
  const { docker, java, maven } = await findEngines()
  const { endpoint } = docker
  const details = { docker: docker.detail, java: java.detail, maven: maven.detail }
  const programs =
    java.found && java.program !== undefined && maven.program !== undefined
      ? { javaProgram: java.program, mavenProgram: maven.program }
      : undefined

  switch (forced) {
    case 'container':
      if (endpoint === undefined) throw localFaults.fault('LOCAL_DOCKER_MISSING', details)
      return { engine: 'container', reason: docker.detail, endpoint, fallback: undefined }
    case 'jvm':
      if (!java.found) throw localFaults.fault('LOCAL_JDK_MISSING', details)
      if (programs === undefined) throw localFaults.fault('LOCAL_MAVEN_MISSING', details)
      return { engine: 'jvm', reason: `${java.detail}, ${maven.detail}`, programs }
    case 'auto':
      if (endpoint !== undefined) return { engine: 'container', reason: docker.detail, endpoint, fallback: programs }
      if (programs === undefined) throw localFaults.fault('LOCAL_NO_ENGINE', details)
      return { engine: 'jvm', reason: `${docker.detail}; ${java.detail}, ${maven.detail}`, programs }
    default:
      throw localFaults.fault('LOCAL_ENGINE_UNKNOWN', { value: forced })
  }
}
