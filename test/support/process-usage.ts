import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** What a process has used so far, from the operating system's own accounting. */
export interface ProcessUsage {
  /** User and system time, seconds. */
  readonly cpuSeconds: number
  /** Largest resident set so far, bytes. */
  readonly peakBytes: number
  /** Resident set now, bytes. */
  readonly residentBytes: number
}

const TICKS_PER_SECOND = 100

/** Linux only: throws elsewhere, since other systems do not tell the peak of a running process. */
export function readUsage(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may hold anything: fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const readBytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024
  const memory = { peakBytes: readBytes('VmHWM'), residentBytes: readBytes('VmRSS') }
  return { cpuSeconds: ticks / ticksPerSecond(), ...memory }
}

let ticks: number | undefined

function ticksPerSecond(): number {
  if (ticks === undefined) {
    try {
      ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).trim())
    } catch {
      ticks = TICKS_PER_SECOND
    }
  }
  return ticks
}
