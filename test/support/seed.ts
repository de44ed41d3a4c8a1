import * as fc from 'fast-check'

/**
 * Property tests draw the same cases in every run, so that a change is judged by what it changes. Others are tried with
 * `ISTHMUS_SEED=random` or a number; a failure names its seed.
 */
const given = process.env['ISTHMUS_SEED'] ?? '1'
if (given !== 'random') fc.configureGlobal({ seed: Number(given) })
