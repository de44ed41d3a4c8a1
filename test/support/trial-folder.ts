import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { runJava } from './java/classpath.ts'
import { type ContentLog, loadContents } from './content-log.ts'
import { loadReading, type RecordLog } from './record-log.ts'

const JAVA = resolve(import.meta.dirname, 'java')

/** Folder where the files of trials stay: for whoever looks for the cause of a failure. */
const KEPT = process.env['ISTHMUS_TEST_KEEP']

/** A folder for a trial's files, and the Java programs that write them. Gone with the trial. */
export class TrialFolder implements Disposable {
  readonly path = mkdtempSync(join(KEPT ?? tmpdir(), 'isthmus-trial-'))

  file(name: string): string {
    return join(this.path, name)
  }

  /** Runs the producer; answers the file of what was acknowledged and committed. */
  async produce(
    name: string,
    options: Readonly<Record<string, string | number>>,
    signal: AbortSignal,
  ): Promise<string> {
    const output = this.file(`${name}.produced`)
    await runJava(join(JAVA, 'RecordProducer.java'), argsOf({ ...options, output }), { signal, heapMb: 256 })
    return output
  }

  /** Everything that readers of this isolation see now. */
  async read(name: string, options: ReadOptions, signal: AbortSignal): Promise<RecordLog> {
    return loadReading(await this.#read(name, options, { mode: 'records', signal }))
  }

  /** The same, with keys and values. */
  async readContents(name: string, options: ReadOptions, signal: AbortSignal): Promise<ContentLog> {
    return loadContents(await this.#read(name, options, { mode: 'contents', signal }))
  }

  async #read(
    name: string,
    { bootstrap, topics, isolation, properties }: ReadOptions,
    { mode, signal }: { readonly mode: 'records' | 'contents'; readonly signal: AbortSignal },
  ): Promise<string> {
    const output = this.file(`${name}.read`)
    const args: Record<string, string> = {
      bootstrap: bootstrap.join(','),
      topics: topics.join(','),
      isolation,
      mode,
      output,
    }
    if (properties !== undefined) args['properties'] = properties
    await runJava(join(JAVA, 'RecordReader.java'), argsOf(args), { signal, heapMb: 384 })
    return output
  }

  [Symbol.dispose](): void {
    if (KEPT === undefined) rmSync(this.path, { recursive: true, force: true })
  }
}

export interface ReadOptions {
  readonly bootstrap: readonly string[]
  readonly topics: readonly string[]
  readonly isolation: 'read_committed' | 'read_uncommitted'
  /** File of further properties of the consumer. */
  readonly properties?: string
}

function argsOf(options: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
}
