import { defineConfig } from 'vitest/config'

/** One project a kind of test; see CONTRIBUTING.md for what each may use. */
const project = (name: string, options: { timeoutMs: number; parallel: boolean }) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    setupFiles: ['test/support/seed.ts'],
    testTimeout: options.timeoutMs,
    hookTimeout: Math.max(options.timeoutMs, 30_000),
    fileParallelism: options.parallel,
  },
})

export default defineConfig({
  test: {
    projects: [
      project('unit', { timeoutMs: 10_000, parallel: true }),
      project('tidy', { timeoutMs: 10_000, parallel: true }),
      project('component', { timeoutMs: 20_000, parallel: true }),
      project('integration', { timeoutMs: 120_000, parallel: false }),
      project('e2e', { timeoutMs: 300_000, parallel: false }),
    ],
  },
})
