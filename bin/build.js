#!/usr/bin/env node
/** `npm run build`: the console, into dist/console, which the API serves. */
import { buildConsole } from './console-build.js'
import { prepare } from './run.js'

buildConsole(await prepare())
