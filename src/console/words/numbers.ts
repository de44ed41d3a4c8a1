/** Numbers as people read them. Pure. */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? 'unknown' : value.toLocaleString('en-US')
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/** `0.4 s`, `12 s`, `3 min 5 s`, `4 h 2 min`, `3 d 4 h`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return 'unknown'
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 100) return `${whole} s`
  if (whole < 3_600) return pair(Math.floor(whole / 60), 'min', whole % 60, 's')
  if (whole < 86_400) return pair(Math.floor(whole / 3_600), 'h', Math.floor((whole % 3_600) / 60), 'min')
  return pair(Math.floor(whole / 86_400), 'd', Math.floor((whole % 86_400) / 3_600), 'h')
}

function pair(many: number, unit: string, few: number, rest: string): string {
  return few === 0 ? `${many} ${unit}` : `${many} ${unit} ${few} ${rest}`
}

/** Of a moment in the past; `just now` below two seconds. */
export function ago(seconds: number): string {
  if (seconds < 2) return 'just now'
  return seconds < 10 ? `${Math.floor(seconds)} s ago` : `${duration(Math.floor(seconds))} ago`
}

/** Binary, as brokers count. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let rest = value
  let unit = 0
  while (rest >= 1_024 && unit < units.length - 1) {
    rest /= 1_024
    unit++
  }
  return `${unit === 0 || rest >= 100 ? Math.round(rest) : rest.toFixed(1)} ${units[unit]}`
}

/** In the zone of whoever looks, with seconds: `2026-11-22 14:03:07`. */
export function moment(at: string | number): string {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return String(at)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}
