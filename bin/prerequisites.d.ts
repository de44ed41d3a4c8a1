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

/** Of etcd, kube-apiserver, BIND or Prometheus. */
export interface ProgramFinding {
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

export const remedies: Readonly<
  Record<'docker' | 'jdk' | 'etcd' | 'apiServer' | 'kubernetes' | 'named' | 'promtool', RemedyCommands>
>
export function findEngines(env?: Readonly<Record<string, string | undefined>>): Promise<Findings>
export function findEtcd(env?: Readonly<Record<string, string | undefined>>): Promise<ProgramFinding>
export function findApiServer(env?: Readonly<Record<string, string | undefined>>): Promise<ProgramFinding>
export function findKubernetesTools(env?: Readonly<Record<string, string | undefined>>): Promise<{
  readonly found: boolean
  /** By name; undefined where it is missing. */
  readonly programs: Readonly<Record<string, string | undefined>>
  readonly detail: string
}>
export function findNamed(env?: Readonly<Record<string, string | undefined>>): Promise<ProgramFinding>
export function findPromtool(env?: Readonly<Record<string, string | undefined>>): Promise<ProgramFinding>
export function explainMissing(): string
export function commandLines(commands: RemedyCommands): string[]
