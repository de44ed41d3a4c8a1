import { useEffect, useRef } from 'preact/hooks'
import type { Plotted } from './plot.ts'

interface ChartProps extends Plotted {
  /** For screen readers, with what it shows in words. */
  readonly label: string
}

/** A line over time; gaps are times of which nothing is known. Without its drawing, the words beside it say the same. */
export function Chart({ label, atMs, series, format }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    let stop = () => {}
    let isGone = false
    void import('./plot.ts').then(({ drawPlot }) => {
      if (place.current !== null && !isGone) stop = drawPlot(place.current, { atMs, series, format })
    })
    return () => {
      isGone = true
      stop()
    }
  }, [atMs, series, format])
  return <div class="chart" role="img" aria-label={label} ref={place} />
}
