import { globSync, readFileSync } from 'node:fs'

/** Where secrets and files come from, so that tests need neither. */
export interface ConfigSources {
  readonly readFile: (path: string) => string
  /** Paths that an absolute glob matches; without it, none. */
  readonly findFiles?: (glob: string) => readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

export const systemSources: ConfigSources = {
  readFile: (path) => readFileSync(path, 'utf8'),
  findFiles: (glob) => globSync(glob),
  env: process.env,
}
