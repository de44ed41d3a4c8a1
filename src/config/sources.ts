import { readFileSync } from 'node:fs'

/** Where secrets and files come from, so that tests need neither. */
export interface ConfigSources {
  readonly readFile: (path: string) => string
  readonly env: Readonly<Record<string, string | undefined>>
}

export const systemSources: ConfigSources = { readFile: (path) => readFileSync(path, 'utf8'), env: process.env }
