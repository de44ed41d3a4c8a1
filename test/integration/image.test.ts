import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findEngines } from '../../bin/prerequisites.js'
import { eventually } from '../support/isthmus-process.ts'
import { buildImage, docker, runDocker } from '../support/deploy/docker.ts'

const engines = await findEngines()
const IMAGE = 'isthmus-image-test'
/** As a cluster would run it. */
const HARDENED = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--network', 'none']
/** What is ours in it and in `/opt/isthmus`; everything else there is a package. */
const OWN =
  /^\/opt\/isthmus\/(LICENSE|package\.json|bin\/healthcheck\.js|dist\/console\/.+|runbooks\/[^/]+\.md|src\/.+\.(ts|js|json))$/
/** Whatever is no part of a program that runs. */
const STRAYS = [
  /\/(tests?|__tests__|benchmarks?|examples?|coverage)\//,
  /\.(test|spec)\.[cm]?[jt]s$/,
  /\/\.(git|npm|cache|npmrc|env|vscode|github)(\/|$)/,
  /\.(map|log|tgz|pem|key|p12|jks)$/,
  /\/(_cacache|_logs|\.package-lock\.json)/,
  /node_modules\/(node-linux-|vitest|typescript|@biomejs|oxlint|knip|testcontainers|@types)/,
  /\/opt\/isthmus\/src\/(console|demo|local)\//,
]

describe.runIf(engines.docker.found)('the image', () => {
  let folder = ''

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'isthmus-image-'))
    await buildImage(IMAGE)
  }, 600_000)
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    await runDocker(['image', 'rm', '--force', IMAGE])
  }, 60_000)

  const list = async (where: string) => {
    const script = `for (const one of require('node:fs').readdirSync('${where}', { recursive: true, withFileTypes: true }))
      if (!one.isDirectory()) console.log(one.parentPath + '/' + one.name)`
    return (await docker(['run', '--rm', ...HARDENED, '--entrypoint', 'node', IMAGE, '-e', script])).split('\n')
  }

  test('holds what runs and nothing else', async () => {
    const files = await list('/opt/isthmus')
    const ours = files.filter((file) => !file.startsWith('/opt/isthmus/node_modules/'))
    expect(ours.filter((file) => !OWN.test(file))).toEqual([])
    expect(files.filter((file) => STRAYS.some((stray) => stray.test(file)))).toEqual([])
    expect(ours.length).toBeGreaterThan(300)
    expect(ours).toContain('/opt/isthmus/dist/console/index.html')
    const others = [...(await list('/tmp')), ...(await list('/var/lib/isthmus')), ...(await list('/usr/local/lib'))]
    expect(others.filter((file) => file !== '')).toEqual([])
    const history = await docker(['history', '--no-trunc', '--format', '{{.CreatedBy}}', IMAGE])
    expect(history).not.toMatch(/_authToken|_password|registry\./)
    const sizes = await Promise.all(
      [IMAGE, 'node:24-slim'].map(async (name) => Number(await docker(['image', 'inspect', '-f', '{{.Size}}', name]))),
    )
    const [whole = 0, base = 0] = sizes.map((bytes) => Math.round(bytes / 1e6))
    process.stdout.write(`the image has ${files.length} files and ${whole} MB, ${whole - base} more than its base\n`)
    expect(whole - base).toBeLessThan(80)
  }, 60_000)

  test('runs as nobody in particular, on a file system that cannot be written to, and ends when it is asked to', async () => {
    const user = await docker(['image', 'inspect', '-f', '{{.Config.User}}', IMAGE])
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/)
    const config = join(folder, 'isthmus.yaml')
    writeFileSync(config, 'apiVersion: isthmus/v1\nregions: [{ name: here, bootstrap: ["127.0.0.1:9"] }]\n', {
      mode: 0o644,
    })
    const mount = ['--volume', `${config}:/etc/isthmus/isthmus.yaml:ro`]
    const id = await docker(['run', '--detach', ...HARDENED, '--health-interval', '1s', ...mount, IMAGE])
    try {
      const state = await eventually(
        'it is healthy',
        async () => {
          const [health, running] = (
            await docker(['inspect', '-f', '{{.State.Health.Status}} {{.State.Running}}', id])
          ).split(' ')
          if (running === 'false') throw new Error(await docker(['logs', id]))
          return health === 'healthy' ? health : undefined
        },
        { limitMs: 60_000 },
      )
      expect(state).toBe('healthy')
      await docker(['stop', '--time', '20', id])
      expect(await docker(['inspect', '-f', '{{.State.ExitCode}}', id])).toBe('0')
    } finally {
      await runDocker(['rm', '--force', id])
    }
  }, 120_000)

  test('has no package manager, and says its version', async () => {
    const { version } = JSON.parse(
      await docker(['run', '--rm', '--entrypoint', 'cat', IMAGE, '/opt/isthmus/package.json']),
    ) as {
      version: string
    }
    expect(await docker(['run', '--rm', ...HARDENED, IMAGE, '--version'])).toBe(version)
    const npm = await runDocker(['run', '--rm', ...HARDENED, '--entrypoint', 'npm', IMAGE, '--version'])
    expect(npm.code).not.toBe(0)
  }, 60_000)
})
