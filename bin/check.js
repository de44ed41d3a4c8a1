#!/usr/bin/env node
/** `npm run check`: types, lint, format, dead code, tidy and unit tests, two at a time. */
import { endGroupsOnSignal } from './bounded-process.js'
import { checkParts } from './parts.js'
import { finish, printPart } from './report.js'
import { prepare } from './run.js'
import { runParts } from './schedule.js'

const node = await prepare()
endGroupsOnSignal()
finish(await runParts(checkParts(node), { atOnce: 2, onResult: printPart }))
