import { useEffect, useRef, useState } from 'preact/hooks'
import type { CallerBody } from '../api/contract/index.ts'
import { useApi, useLive, useRoute, useSession } from './client/hooks.ts'
import { focusHeading } from './client/focus.ts'
import { liveEvents } from './client/event-stream.ts'
import { CALLER_EVERY_MS } from './client/orders.ts'
import { session } from './client/session.ts'
import { findPage, PAGES } from './navigation.tsx'
import { SignIn } from './pages/sign-in.tsx'
import { Age } from './parts/age.tsx'
import { Away } from './parts/away.tsx'
import { Mark } from './parts/mark.tsx'
import { linkTo } from './route.ts'
import { applyTheme, nextTheme, readTheme } from './theme.ts'

/** What stands around every page: where one is, who one is, and whether what is shown is live. */
export function Frame() {
  const route = useRoute()
  const { token, isRefused } = useSession()
  const page = findPage(route.path[0])
  const isFirst = useRef(true)
  const nav = useRef<HTMLElement>(null)
  const place = route.path.join('/')
  useEffect(() => liveEvents.restart(), [token])
  useEffect(() => {
    document.title = `${page.title} · Isthmus`
    // A browser begins at the top by itself.
    if (!isFirst.current) focusHeading()
    isFirst.current = false
    scrollTo(0, 0)
    // On a phone the navigation is wider than the screen.
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [page.title, place, isRefused])
  const { View } = page
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), focusHeading())}>
        Skip to the page
      </a>
      <Banner />
      <nav class="nav" aria-label="Pages" ref={nav}>
        {PAGES.filter(({ isListed }) => isListed).map(({ name, title }) => (
          <a key={name} href={linkTo([name])} aria-current={name === page.name ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <main id="main">
        <h1 tabIndex={-1}>{page.title}</h1>
        {!isRefused && <Away />}
        {isRefused ? <SignIn /> : <View route={route} />}
      </main>
    </>
  )
}

function Banner() {
  return (
    <header class="banner">
      <a class="brand" href="#/">
        <span class="brand-shape" aria-hidden="true" />
        <span class="brand-name">Isthmus</span>
      </a>
      <Connection />
      <Who />
      <ThemeSwitch />
    </header>
  )
}

function Connection() {
  const { state } = useLive()
  const words = { connecting: 'connecting', live: 'live', lost: 'not connected' }[state.kind]
  const level = { connecting: 'unknown', live: 'good', lost: 'bad' } as const
  return (
    <span class="connection">
      <span role="status">
        <Mark level={level[state.kind]}>{words}</Mark>
      </span>
      {state.kind === 'lost' && <Age heardMs={state.heardMs} label="last heard" staleSeconds={0} />}
    </span>
  )
}

function Who() {
  const { token, isRefused } = useSession()
  const { body: caller } = useApi<CallerBody>(isRefused ? undefined : '/caller', CALLER_EVERY_MS)
  return (
    <span class="who">
      {caller !== undefined && !isRefused && `${caller.name}, ${caller.role}`}
      {token !== undefined && (
        <button type="button" class="quiet" onClick={() => session.close()}>
          Sign out
        </button>
      )}
    </span>
  )
}

function ThemeSwitch() {
  const [theme, setTheme] = useState(readTheme())
  const turn = () => {
    const next = nextTheme(theme)
    applyTheme(next)
    setTheme(next)
  }
  return (
    <button type="button" class="quiet" onClick={turn}>
      {{ system: 'Theme: system', light: 'Theme: light', dark: 'Theme: dark' }[theme]}
    </button>
  )
}
