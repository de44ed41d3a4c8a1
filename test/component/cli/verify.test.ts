import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { verificationReport } from '../../support/fake-replicator.ts'
import { cli } from '../../support/run-cli.ts'

let folder: string
let asked: { method: string; body: unknown }[]

/** An API behind which no verification runs, and that ends any other at once. */
const answer: typeof fetch = (_url, { method = 'GET', body } = {}) => {
  asked.push({ method, body: typeof body === 'string' ? JSON.parse(body) : undefined })
  const problem = { code: 'VERIFY_UNKNOWN', title: 'unknown', remedy: '' }
  if (method === 'GET') return Promise.resolve(Response.json(problem, { status: 404 }))
  return Promise.resolve(Response.json(verificationReport({ state: 'done', verdict: 'equal' })))
}
const verify = (...args: string[]) => cli(['verify', '--link', 'eu-to-us', ...args], { io: { fetch: answer } })

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-verify-'))
  asked = []
})

describe('the state file of a verification', () => {
  const leave = () => {
    const file = join(folder, 'verify.json')
    const report = verificationReport({ state: 'cancelled', scope: { kind: 'tail', records: 10 } })
    writeFileSync(file, JSON.stringify(report))
    return { file, partitions: report.partitions }
  }

  it('is gone on with in the same scope', async () => {
    const { file, partitions } = leave()
    expect(await verify('--scope', 'tail', '--last', '10', '--state', file)).toMatchObject({ code: 0 })
    expect(asked.at(-1)).toMatchObject({ method: 'POST', body: { resume: partitions } })
  })

  it.each([[[]], [['--scope', 'tail']], [['--scope', 'tail', '--last', '11']]])(
    'is no evidence for another scope: %j',
    async (scope) => {
      const { code, err } = await verify(...scope, '--state', leave().file)
      expect(err).toContain('is about another scope, {"kind":"tail","records":10}')
      expect(err).toContain('CLI_VERIFY_STATE_INVALID')
      expect(code).toBe(2)
      expect(asked).toEqual([])
    },
  )

  it('is refused before anything begins where it cannot be written', async () => {
    const { code, err } = await verify('--state', join(folder, 'nowhere', 'verify.json'))
    expect(err).toContain('CLI_VERIFY_STATE_INVALID')
    expect(code).toBe(2)
    expect(asked).toEqual([])
  })
})

describe('an option of another scope', () => {
  it.each([
    ['--from', 'range', ['--from', '5']],
    ['--last', 'tail', ['--last', '15m']],
    ['--records', 'sample', ['--scope', 'tail', '--records', '500']],
  ])('%s is refused, and %s named', async (option, needed, args) => {
    const { code, err } = await verify(...args)
    expect(err).toContain(`${option} says nothing in scope`)
    expect(err).toContain(`add --scope ${needed}`)
    expect(code).toBe(2)
    expect(asked).toEqual([])
  })

  it('is none where its default counts', async () => {
    expect(await verify('--scope', 'sample')).toMatchObject({ code: 0 })
    expect(asked.at(-1)?.body).toEqual({ scope: { kind: 'sample', stretches: 20, records: 1_000 } })
  })
})
