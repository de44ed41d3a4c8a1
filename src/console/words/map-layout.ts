/** Where regions stand on the map, and how links run between them. Pure. */
export interface Point {
  readonly x: number
  readonly y: number
}

export interface Arrow {
  readonly link: string
  readonly path: string
  readonly label: Point
}

export const MAP = { width: 600, height: 340, radius: 58 } as const

/** From the line to the middle of its two lines of text. */
const LABEL_GAP = 26

/** Two side by side, more around an ellipse, the first at the left. */
export function placeRegions(names: readonly string[]): ReadonlyMap<string, Point> {
  const { width, height, radius } = MAP
  const centre = { x: width / 2, y: height / 2 }
  const [wide, high] = [width / 2 - radius - 8, names.length > 2 ? height / 2 - radius - 24 : 0]
  return new Map(
    names.map((name, at) => {
      const angle = Math.PI + (at * 2 * Math.PI) / Math.max(1, names.length)
      return [name, { x: centre.x + wide * Math.cos(angle), y: centre.y + high * Math.sin(angle) }]
    }),
  )
}

/** From edge to edge, bent to the right of its direction so that the way back does not lie on it. */
export function drawArrow(link: string, from: Point, to: Point, nth: number): Arrow {
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  const length = Math.max(1, Math.hypot(dx, dy))
  const along = { x: dx / length, y: dy / length }
  const across = { x: -along.y, y: along.x }
  const bend = 34 + nth * 40
  const gap = MAP.radius + 8
  const begin = { x: from.x + along.x * gap, y: from.y + along.y * gap }
  const end = { x: to.x - along.x * gap, y: to.y - along.y * gap }
  const middle = { x: (from.x + to.x) / 2 + across.x * bend, y: (from.y + to.y) / 2 + across.y * bend }
  const line = `M ${round(begin.x)} ${round(begin.y)} Q ${round(middle.x)} ${round(middle.y)} ${round(end.x)} ${round(end.y)}`
  const label = {
    x: (begin.x + 2 * middle.x + end.x) / 4 + across.x * LABEL_GAP,
    y: (begin.y + 2 * middle.y + end.y) / 4 + across.y * LABEL_GAP,
  }
  return { link, path: line, label: { x: round(label.x), y: round(label.y) } }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
