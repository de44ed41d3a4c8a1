#!/usr/bin/env node
/** The `isthmus` command of a checkout. */
import { run } from './run.js'

await run('src/main.ts', process.argv.slice(2))
