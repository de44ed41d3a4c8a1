import { expect, test } from 'vitest'
import { findEngines } from '../../bin/prerequisites.js'

const { docker, java, maven } = await findEngines()

/** Whether this machine can run Kafka at all, in containers or as Java processes. */
export const canRunKafka = docker.found || (java.found && maven.found)

/** Says why the rest of a file is left out; where nothing may be left out it fails. */
export function testEngine(): void {
  test('this machine can run Kafka', ({ skip }) => {
    const detail = [docker, java, maven].map((one) => one.detail).join('; ')
    if (!canRunKafka && process.env.ISTHMUS_REQUIRE !== 'all') skip(detail)
    expect(canRunKafka, detail).toBe(true)
  })
}
