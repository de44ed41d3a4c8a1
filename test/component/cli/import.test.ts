import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { ImportReport } from '../../../src/cli/index.ts'
import { importMm2 } from '../../../src/config/index.ts'
import { cli } from '../../support/run-cli.ts'

const FILE = fileURLToPath(new URL('../../unit/config/import-mm2/golden/default-policy.properties', import.meta.url))
const verbs = { importMm2: (file: string) => Promise.resolve().then(() => importMm2(file)) }

test('the configuration goes to standard output, and what differs beside it', async () => {
  const { code, out, err } = await cli(['import', 'mm2', FILE], { verbs })
  expect(code).toBe(0)
  expect(out).toContain('existingTarget: adopt')
  expect(err).toMatch(/Files to make[^]*us\/password[^]*To be decided by you[^]*sync\.topic\.acls\.enabled = true/)
})

test('a file is written once, and never over one that is there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-import-'))
  try {
    const file = join(folder, 'isthmus.yaml')
    const first = await cli(['import', 'mm2', FILE, '-o', file], { verbs })
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining(`isthmus check --config ${file} --online`) })
    expect(readFileSync(file, 'utf8')).toContain('apiVersion: isthmus/v1')
    const again = await cli(['import', 'mm2', FILE, '-o', file], { verbs })
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining('CLI_FILE_UNWRITABLE') })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('as data it has the text and every difference', async () => {
  const { out } = await cli(['import', 'mm2', FILE, '--output', 'json'], { verbs })
  const report = JSON.parse(out) as ImportReport
  expect(report.config).toContain('links:')
  expect(report.differences.filter(({ kind }) => kind === 'file')).toHaveLength(3)
})

test('what cannot be read, or made anything of, is a mistake of usage', async () => {
  const gone = await cli(['import', 'mm2', '/does/not/exist'], { verbs })
  expect(gone).toMatchObject({ code: 2, err: expect.stringContaining('IMPORT_UNREADABLE') })
  const wrong = await cli(['import', 'mm2', fileURLToPath(import.meta.url)], { verbs })
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('IMPORT_REFUSED') })
})
