import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

interface VirtualRowsProps {
  readonly label: string
  readonly total: number
  readonly rowPx: number
  /** Called with the window that is in sight, so that its rows can be asked for. */
  readonly onWindow: (first: number, last: number) => void
  readonly row: (index: number) => ComponentChildren
  readonly header: ComponentChildren
}

const OVERSCAN = 8

/** Tens of thousands of rows, of which only those in sight are in the page. */
export function VirtualRows({ label, total, rowPx, onWindow, row, header }: VirtualRowsProps) {
  const frame = useRef<HTMLDivElement>(null)
  const [{ top, height }, setPlace] = useState({ top: 0, height: 600 })
  useEffect(() => {
    const element = frame.current
    if (element === null) return undefined
    const read = () => setPlace({ top: element.scrollTop, height: element.clientHeight })
    const observer = new ResizeObserver(read)
    observer.observe(element)
    element.addEventListener('scroll', read, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', read)
    }
  }, [])
  const first = Math.max(0, Math.floor(top / rowPx) - OVERSCAN)
  const last = Math.min(total, Math.ceil((top + height) / rowPx) + OVERSCAN)
  useEffect(() => onWindow(first, last), [first, last, onWindow])
  const rows = Array.from({ length: Math.max(0, last - first) }, (_, at) => first + at)
  return (
    <div class="rows" role="table" aria-label={label} aria-rowcount={total + 1}>
      <div role="rowgroup">{header}</div>
      {/* The frame can be scrolled with the keyboard. */}
      <div class="rows-frame" ref={frame} tabIndex={0} role="rowgroup">
        <div class="rows-sheet" style={{ height: `${total * rowPx}px` }} role="presentation">
          {rows.map((index) => (
            <div
              key={index}
              class="rows-row"
              role="row"
              aria-rowindex={index + 2}
              style={{ top: `${index * rowPx}px`, height: `${rowPx}px` }}
            >
              {row(index)}
            </div>
          ))}
        </div>
      </div>
    </div>
  )
}
