/**
 * Scrapes, one after the other, as the series that `promtool test rules` takes: each with its value at every minute, and
 * `stale` where a scrape has it no more, as Prometheus itself marks it.
 */
export interface Stretch {
  /** Text by instance; undefined where nobody answered. */
  readonly scrapes: ReadonlyMap<string, string | undefined>
  readonly minutes: number
}

export interface InputSeries {
  readonly series: string
  readonly values: string
}

/** What an instance tells is constant within a stretch. */
export function seriesOf(stretches: readonly Stretch[]): InputSeries[] {
  const known = new Map<string, (string | undefined)[]>()
  for (const [at, { scrapes }] of stretches.entries()) {
    for (const [instance, text = ''] of scrapes) {
      for (const [series, value] of parse(text, instance)) {
        const values = known.get(series) ?? stretches.map(() => undefined)
        values[at] = value
        known.set(series, values)
      }
    }
  }
  return [...known].map(([series, values]) => ({ series, values: writeValues(values, stretches) }))
}

/** Lines such as `isthmus_flow_lag_seconds{link="a"} 3`, with the label that a scrape adds. */
function* parse(text: string, instance: string): Generator<[string, string]> {
  for (const line of text.split('\n')) {
    const [, name, labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (name === undefined) continue
    const all = [...(labels === '' ? [] : [labels]), `instance="${instance}"`]
    yield [`${name}{${all.join(',')}}`, value.replace('+', '')]
  }
}

function writeValues(values: readonly (string | undefined)[], stretches: readonly Stretch[]): string {
  const parts = values.flatMap((value, at) => {
    const minutes = stretches[at]?.minutes ?? 0
    if (value !== undefined) return [`${value}+0x${minutes - 1}`]
    const rest = (count: number) => (count > 0 ? [`_x${count}`] : [])
    return at > 0 && values[at - 1] !== undefined ? ['stale', ...rest(minutes - 1)] : rest(minutes)
  })
  return parts.join(' ')
}
