import { render } from 'preact'
import { Frame } from './frame.tsx'
import { applyTheme, readTheme } from './theme.ts'
import './styles/base.css'
import './styles/frame.css'
import './styles/parts.css'
import './styles/pages.css'

applyTheme(readTheme())
const place = document.getElementById('console')
if (place !== null) {
  place.replaceChildren()
  render(<Frame />, place)
}
