import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { explainMissing, findEngines } from '../../../bin/prerequisites.js'
import { detectEngine } from '../../../src/local/engine.ts'

const NO_DOCKER = 'unix:///nowhere/docker.sock'
let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'isthmus-engine-'))
  vi.stubEnv('DOCKER_HOST', NO_DOCKER)
  vi.stubEnv('JAVA_HOME', '')
  vi.stubEnv('MAVEN_HOME', '')
  vi.stubEnv('ISTHMUS_ENGINE', '')
  vi.stubEnv('PATH', join(dir, 'bin'))
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(dir, { recursive: true, force: true })
})

/** A directory that looks like an installed JDK, with Maven beside it where wanted. */
async function installJava(version: string, programs: readonly string[] = ['java', 'mvn']): Promise<void> {
  await mkdir(join(dir, 'bin'), { recursive: true })
  await writeFile(join(dir, 'release'), `IMPLEMENTOR="Example"\nJAVA_VERSION="${version}"\n`)
  for (const program of programs) {
    await writeFile(join(dir, 'bin', program), '#!/bin/sh\nexit 1\n')
    await chmod(join(dir, 'bin', program), 0o755)
  }
}

describe('a machine without Docker and Java', () => {
  test('is told both remedies, one command for every system', async () => {
    await expect(detectEngine()).rejects.toMatchObject({ code: 'LOCAL_NO_ENGINE' })
    for (const system of ['Debian, Ubuntu', 'Fedora', 'macOS', 'Windows']) {
      expect(
        explainMissing()
          .split('\n')
          .filter((line) => line.includes(system)),
      ).toHaveLength(2)
    }
  })

  test('is recognised within two seconds', async () => {
    const startedMs = performance.now()
    expect(await findEngines()).toMatchObject({ docker: { found: false }, java: { found: false } })
    expect(performance.now() - startedMs).toBeLessThan(2_000)
  })
})

describe('a machine without Docker', () => {
  test.each(['17.0.15', '21', '25.0.1'])('runs Kafka with Java %s and Maven', async (version) => {
    await installJava(version)
    await expect(detectEngine()).resolves.toMatchObject({
      engine: 'jvm',
      programs: { javaProgram: join(dir, 'bin/java'), mavenProgram: join(dir, 'bin/mvn') },
    })
  })

  test.each(['11.0.22', '1.8.0_402'])('does not with Java %s', async (version) => {
    await installJava(version)
    await expect(detectEngine('jvm')).rejects.toMatchObject({ code: 'LOCAL_JDK_MISSING' })
  })

  test('does not without Maven', async () => {
    await installJava('21', ['java'])
    await expect(detectEngine('jvm')).rejects.toMatchObject({ code: 'LOCAL_MAVEN_MISSING' })
  })

  test('does not accept a Java that cannot say its version', async () => {
    await installJava('21')
    await rm(join(dir, 'release'))
    expect(await findEngines()).toMatchObject({ java: { found: false } })
  })

  test('refuses containers when they are asked for', async () => {
    await installJava('21')
    vi.stubEnv('ISTHMUS_ENGINE', 'container')
    await expect(detectEngine()).rejects.toMatchObject({ code: 'LOCAL_DOCKER_MISSING' })
  })
})

test('an engine that nobody knows is refused by name', async () => {
  vi.stubEnv('ISTHMUS_ENGINE', 'podman')
  await expect(detectEngine()).rejects.toMatchObject({ code: 'LOCAL_ENGINE_UNKNOWN', facts: { value: 'podman' } })
})

test('what the caller asks for wins over the environment', async () => {
  await installJava('21')
  vi.stubEnv('ISTHMUS_ENGINE', 'container')
  await expect(detectEngine('jvm')).resolves.toMatchObject({ engine: 'jvm' })
})
