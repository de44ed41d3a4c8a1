#!/usr/bin/env node
/** `npm run demo`: says within two seconds when this machine cannot run Kafka, before it installs anything. */
import { explainMissing, findEngines } from './prerequisites.js'
import { run } from './run.js'

const { docker, java, maven } = await findEngines()
if (docker.found || (java.found && maven.found)) {
  await run('src/main.ts', ['demo', ...process.argv.slice(2)], { needsConsole: true })
} else {
  process.stderr.write(
    `${explainMissing()}\n\nWhat was found: ${[docker, java, maven].map(({ detail }) => detail).join('; ')}.\n`,
  )
  process.exitCode = 2
}
