import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { nodeFlags } from '../../../bin/node.js'

const ROOT = resolve(import.meta.dirname, '../../..')
const LIMIT_MS = 60_000

interface TestPod {
  readonly kind: string
  readonly spec: {
    readonly containers: readonly {
      readonly name: string
      readonly command?: readonly string[]
      readonly args?: readonly string[]
      readonly env?: readonly { readonly name: string; readonly value: string }[]
    }[]
  }
}

export interface HelmTestOptions {
  /** What `helm get hooks` prints. */
  readonly hooks: string
  /** In place of the mounted one. */
  readonly configFile: string
  /** Port of this machine behind each role's Service. */
  readonly ports: Readonly<Record<string, number>>
}

/**
 * The containers of the pod that `helm test` starts, as processes of this machine with their own command, arguments and
 * variables; one sentence about each that did not end with 0.
 */
export async function runHelmTest({ hooks, configFile, ports }: HelmTestOptions): Promise<string[]> {
  const pod = parse(hooks) as TestPod
  if (pod.kind !== 'Pod') return [`the chart's test is a ${pod.kind}`]
  const problems = await Promise.all(
    pod.spec.containers.map(async ({ name, command, args = [], env = [] }) => {
      const program = command === undefined ? ['src/main.ts', ...args] : command.slice(1)
      const local = program.map((arg) =>
        arg.replace('/opt/isthmus', ROOT).replace('/etc/isthmus/config/isthmus.yaml', configFile),
      )
      const own = env.map(({ name: key, value }) => [key, value.replace(/\/\/[^/]+/, `//127.0.0.1:${ports[name]}`)])
      const child = spawn(process.execPath, [...nodeFlags, ...local], {
        cwd: ROOT,
        env: { ...process.env, ...(Object.fromEntries(own) as Record<string, string>) },
        stdio: ['ignore', 'inherit', 'inherit'],
        timeout: LIMIT_MS,
      })
      const [code] = (await once(child, 'exit')) as [number | null]
      return code === 0 ? [] : [`the container ${name} of the chart's test ended with ${code}`]
    }),
  )
  return problems.flat()
}
