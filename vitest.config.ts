import { defineConfig } from 'vitest/config'

/** One project a kind of test; see CONTRIBUTING.md for what each may use. */
const project = (name: string, options: { timeoutMs: number; parallel: boolean; sharesImports?: boolean }) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    setupFiles: ['test/support/seed.ts'],
    testTimeout: options.timeoutMs,
    hookTimeout: Math.max(options.timeoutMs, 30_000),
    fileParallelism: options.parallel,
    // To load what they import anew for each file took five times as long as pure tests themselves, and as long again as
    // those of the rooms: these share it, and leave behind nothing in it.
    isolate: options.sharesImports !== true,
  },
})

export default defineConfig({
  test: {
    projects: [
      project('unit', { timeoutMs: 30_000, parallel: true, sharesImports: true }),
      project('tidy', { timeoutMs: 10_000, parallel: true }),
      project('simulation', { timeoutMs: 300_000, parallel: true, sharesImports: true }),
      project('component', { timeoutMs: 20_000, parallel: true, sharesImports: true }),
      project('integration', { timeoutMs: 120_000, parallel: false }),
      project('e2e', { timeoutMs: 300_000, parallel: false }),
    ],
  },
})
