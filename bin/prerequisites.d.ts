export interface DockerFinding {
  readonly found: boolean
  readonly endpoint: string | undefined
  readonly detail: string
}

export interface JavaFinding {
  readonly found: boolean
  readonly program: string | undefined
  readonly major: number | undefined
  readonly detail: string
}

export interface MavenFinding {
  readonly found: boolean
  readonly program: string | undefined
  readonly detail: string
}

export interface Findings {
  readonly docker: DockerFinding
  readonly java: JavaFinding
  readonly maven: MavenFinding
}

/** System and command. */
export type RemedyCommands = readonly (readonly [string, string])[]

export const remedies: { readonly docker: RemedyCommands; readonly jdk: RemedyCommands }
export function findEngines(env?: Readonly<Record<string, string | undefined>>): Promise<Findings>
export function explainMissing(): string
export function commandLines(commands: RemedyCommands): string[]
