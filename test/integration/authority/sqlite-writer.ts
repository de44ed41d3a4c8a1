/**
 * A process that writes to an authority file until it is killed: it prints each number once its write was answered.
 * Arguments: the file, the name of the writer.
 */
import { type AuthorityEvents, openAuthority } from '../../../src/authority/index.ts'
import { createEvents, systemClock as clock, systemRandom as random } from '../../../src/core/index.ts'

const [path = '', name = ''] = process.argv.slice(2)
const signal = new AbortController().signal
const authority = openAuthority({ kind: 'sqlite', path }, { clock, random, events: createEvents<AuthorityEvents>() })

for (let own = 1; ; ) {
  const read = await authority.read('killed/a', signal)
  const counts = (read?.value ?? {}) as Record<string, number>
  const value = { ...counts, [name]: own }
  const outcome = await authority.write('killed/a', value, { expected: read?.revision ?? 'absent' }, signal)
  if (outcome.kind === 'written') process.stdout.write(`${own++}\n`)
}
