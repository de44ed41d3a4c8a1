import { createApp } from './app.ts'
import { EXIT, type ExitCode, type RunOptions } from './cli/index.ts'
import { type Config, loadConfigFile, standIn } from './config/index.ts'
import { TEST_ONLY_DWELL, testOnlyDwellMs } from './controller/index.ts'
import { describeError, systemClock, systemRandom } from './core/index.ts'
import { createLogger } from './observability/index.ts'

/** `isthmus run`: until the signal aborts, or another process takes over. */
export async function runApp(
  { config: file, role, region, logLevel: level }: RunOptions,
  version: string,
  signal: AbortSignal,
): Promise<ExitCode> {
  const clock = systemClock
  const { config: loaded, text } = loadConfigFile(file)
  const prepare = (given: Config) => (role === 'agent' || region !== undefined ? standIn(given, region) : given)
  const config = prepare(loaded)
  const logger = createLogger({ level, nowMs: () => clock.nowMs() })
  logger.info({ file, role, version, links: config.links.length }, `isthmus ${version} starts`)
  if (testOnlyDwellMs(process.env) !== undefined) {
    logger.warn(`${TEST_ONLY_DWELL} is set: automatic mode waits for that only, which is for trials`)
  }
  const followed = { path: file, text, prepare }
  const app = await createApp({ config, file: followed, version, role, logger, clock, random: systemRandom })
  const asked = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
  try {
    await app.start()
    const reason = signal.aborted ? undefined : await Promise.race([app.untilFenced(), asked])
    if (reason === undefined) return EXIT.ok
    logger.fatal({ reason }, `another process took over the work of this one: ${reason}`)
    return EXIT.needsOperator
  } catch (error) {
    logger.fatal({ err: error }, `isthmus could not start: ${describeError(error)}`)
    throw error
  } finally {
    await app.stop()
  }
}
