import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

export interface Plotted {
  /** Milliseconds since 1970. */
  readonly atMs: readonly number[]
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[]
  readonly format: (value: number) => string
}

const HEIGHT_PX = 180
const MINUTE_SECONDS = 60
const DAY_SECONDS = 86_400
/** Of the labels below a chart. */
const LABELS_PX = 32
/** Of two labels of days or times. */
const TICK_SPACE_PX = 64
/** Told apart by dashes as well as by colour. */
const DASHES = [[], [6, 4], [2, 3]]

/** Draws into the element, as wide as that is, until it is told to stop. Loaded when the first chart is looked at. */
export function drawPlot(element: HTMLElement, { atMs, series, format }: Plotted): () => void {
  const data = [atMs.map((at) => at / 1_000), ...series.map(({ values }) => [...values])] as uPlot.AlignedData
  let plot: uPlot | undefined
  const draw = () => {
    plot?.destroy()
    plot = new uPlot(optionsOf(element.clientWidth, series, format), data, element)
  }
  const observer = new ResizeObserver(draw)
  observer.observe(element)
  document.addEventListener('themechange', draw)
  return () => {
    observer.disconnect()
    document.removeEventListener('themechange', draw)
    plot?.destroy()
  }
}

/** The time of day, with seconds where the ticks are less than a minute apart; where they are days apart, the day. */
function nameTicks(ticks: readonly number[]): string[] {
  const [first = 0, second = first] = ticks
  const two = (value: number) => String(value).padStart(2, '0')
  return ticks.map((seconds) => {
    const date = new Date(seconds * 1_000)
    if (second - first >= DAY_SECONDS) return `${two(date.getMonth() + 1)}-${two(date.getDate())}`
    const time = `${two(date.getHours())}:${two(date.getMinutes())}`
    return second - first < MINUTE_SECONDS && ticks.length > 1 ? `${time}:${two(date.getSeconds())}` : time
  })
}

function optionsOf(width: number, series: Plotted['series'], format: Plotted['format']): uPlot.Options {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(name).trim()
  const grid = { stroke: colour('--line-drawn'), width: 1 }
  const axis = { stroke: colour('--faint-drawn'), grid, ticks: { show: false } }
  return {
    width,
    height: HEIGHT_PX,
    cursor: { drag: { x: false, y: false } },
    legend: { show: series.length > 1 },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(max ?? 0, 1) * 1.1] } },
    axes: [
      { ...axis, size: LABELS_PX, space: TICK_SPACE_PX, values: (_plot, values) => nameTicks(values) },
      { ...axis, size: 70, values: (_plot, values) => values.map(format) },
    ],
    series: [
      {},
      ...series.map(({ name }, at) => ({
        label: name,
        stroke: colour(`--series-${at + 1}`),
        width: 2,
        dash: DASHES[at] ?? [],
        value: (_plot: uPlot, value: number | null) => (value === null ? '' : format(value)),
      })),
    ],
  }
}
