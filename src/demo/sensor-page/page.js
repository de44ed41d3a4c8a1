/** Shows what the demo tells, once a second. It keeps what it showed last while nobody tells anything, and says so. */
const WINDOW_MS = 10_000
const SVG = 'http://www.w3.org/2000/svg'
const byId = (id) => document.getElementById(id)
/** Their places choose the colours. */
let regions = []

const classOf = (region) => `region-${regions.indexOf(region)}`

function element(name, attributes = {}, children = []) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.append(...children)
  return made
}

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

function picture(width, height, label, shapes) {
  const box = { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label }
  const svg = shape('svg', box)
  svg.append(...shapes)
  return svg
}

const timeOf = (ms) => new Date(ms).toLocaleTimeString()
const round = (value) => (Math.round(value * 100) / 100).toLocaleString()

function showWhere({ runsIn, group, recordsIn }) {
  const records = `${recordsIn.toLocaleString()} records in.`
  if (group === undefined) byId('where').textContent = `The fleet runs in ${runsIn}. ${records}`
  else if (group.phase !== null) {
    byId('where').textContent = `A move is under way (${group.phase}); ${group.active} is active. ${records}`
  } else byId('where').textContent = `The fleet runs in ${runsIn}, active in epoch ${group.epoch}. ${records}`
}

function showLegend() {
  const items = regions.map((region) =>
    element('li', {}, [element('span', { class: `swatch ${classOf(region)}` }), `first written in ${region}`]),
  )
  byId('legend').replaceChildren(...items)
}

/** All sites together: readings counted by window, in the colour of the region that it was first written in. */
function showTimeline({ sites, moves }) {
  const totals = new Map()
  for (const { windows } of sites) {
    for (const { startMs, count, region } of windows) {
      const known = totals.get(startMs)
      totals.set(startMs, { count: (known?.count ?? 0) + count, region: known?.region ?? region })
    }
  }
  const starts = [...totals.keys()].sort((a, b) => a - b)
  const [first] = starts
  const last = starts.at(-1)
  if (first === undefined || last === undefined) return
  const width = (last - first) / WINDOW_MS + 1
  const most = Math.max(...[...totals.values()].map(({ count }) => count))
  const bars = starts.map((start) => {
    const { count, region } = totals.get(start)
    const height = (count / most) * 95
    const at = { x: (start - first) / WINDOW_MS + 0.08, y: 100 - height, width: 0.84, height }
    return shape('rect', { class: `bar ${classOf(region)}`, ...at })
  })
  const seen = moves.filter(({ atMs }) => atMs >= first)
  const lines = seen.map(({ atMs }) => {
    const x = Math.min((atMs - first) / WINDOW_MS, width)
    return shape('line', { class: 'move', x1: x, x2: x, y1: 0, y2: 100 })
  })
  const label = `${starts.length} windows, at most ${most} readings in one`
  byId('timeline').replaceChildren(picture(width, 100, label, [...bars, ...lines]))
  const told = seen.map(({ atMs, from, to, epoch }) => `${timeOf(atMs)}: from ${from} to ${to}, epoch ${epoch}`)
  const moved = told.length === 0 ? '' : ` Moved (dashed) at ${told.join('; ')}.`
  byId('timeline-text').textContent =
    `From ${timeOf(first)} to ${timeOf(last + WINDOW_MS)}, by the time of the readings.${moved}`
}

function showSites({ sites }) {
  const rows = sites.map(({ site, kind, windows }) => {
    // The last one is still being filled.
    const shown = windows.at(-2) ?? windows.at(-1)
    const numbers = [shown.count, shown.mean, shown.min, shown.max]
    return element('tr', {}, [
      element('th', { scope: 'row' }, [site]),
      element('td', {}, [kind]),
      ...numbers.map((value) => element('td', { class: 'number' }, [round(value)])),
      element('td', { class: 'spark' }, [trendOf(windows, `${site} ${kind}`)]),
    ])
  })
  byId('sites').replaceChildren(...rows)
}

function trendOf(windows, name) {
  const means = windows.map(({ mean }) => mean)
  const [least, most] = [Math.min(...means), Math.max(...means)]
  const points = means.map((mean, at) => `${at},${20 - ((mean - least) / (most - least || 1)) * 18 - 1}`)
  const label = `${name}: means from ${round(least)} to ${round(most)}`
  const line = shape('polyline', { class: 'trend', points: points.join(' ') })
  return picture(Math.max(means.length - 1, 1), 20, label, [line])
}

function showAlerts({ alerts, alertsAgain }) {
  const again = alertsAgain === 0 ? '' : ` ${alertsAgain} came a second time after a move, under the same key.`
  byId('alerts-text').textContent = `The last ${alerts.length}, each shown once.${again}`
  const rows = alerts.map(({ at, subject, what, side, value, limit, region }) =>
    element('tr', {}, [
      element('td', {}, [timeOf(at)]),
      element('th', { scope: 'row' }, [subject]),
      element('td', {}, [`${what} ${round(value)}, ${side} ${round(limit)}`]),
      element('td', {}, [element('span', { class: `swatch ${classOf(region)}` }), region]),
    ]),
  )
  byId('alerts').replaceChildren(...rows)
}

function show(state) {
  regions = state.regions
  showWhere(state)
  showTimeline(state)
  showSites(state)
  showAlerts(state)
  showLegend()
}

// A browser connects again by itself.
const told = new EventSource('/events')
told.addEventListener('message', ({ data }) => show(JSON.parse(data)))
told.addEventListener('error', () => {
  byId('where').textContent = 'The demo does not answer. What is shown is what it said last.'
})
