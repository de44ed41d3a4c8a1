import type { FunctionComponent } from 'preact'
import { Divergence } from './pages/divergence.tsx'
import { Drills } from './pages/drills.tsx'
import { Flows } from './pages/flows.tsx'
import { Groups } from './pages/groups.tsx'
import { History } from './pages/history.tsx'
import { MapPage } from './pages/map.tsx'
import { Move } from './pages/move.tsx'
import { Operation } from './pages/operation.tsx'
import { Overview } from './pages/overview.tsx'
import { Runbooks } from './pages/runbooks.tsx'
import { Security } from './pages/security.tsx'
import type { Route } from './route.ts'

export interface Page {
  /** First part of its path; empty for the overview. */
  readonly name: string
  readonly title: string
  /** Whether it stands in the navigation. */
  readonly isListed: boolean
  readonly View: FunctionComponent<{ readonly route: Route }>
}

/** Every page, in the order of the navigation. */
export const PAGES: readonly Page[] = [
  { name: '', title: 'Overview', isListed: true, View: Overview },
  { name: 'map', title: 'Map', isListed: true, View: MapPage },
  { name: 'flows', title: 'Flows', isListed: true, View: Flows },
  { name: 'groups', title: 'Consumer groups', isListed: true, View: Groups },
  { name: 'move', title: 'Move', isListed: true, View: Move },
  { name: 'operations', title: 'Operation', isListed: false, View: Operation },
  { name: 'drills', title: 'Drills', isListed: true, View: Drills },
  { name: 'divergence', title: 'Divergence', isListed: true, View: Divergence },
  { name: 'security', title: 'Security', isListed: true, View: Security },
  { name: 'runbooks', title: 'Runbooks', isListed: true, View: Runbooks },
  { name: 'history', title: 'History', isListed: true, View: History },
]

const NOWHERE: Page = {
  name: 'nowhere',
  title: 'There is no such page',
  isListed: false,
  View: () => <p>The navigation leads to all there are.</p>,
}

export function findPage(name = ''): Page {
  return PAGES.find((page) => page.name === name) ?? NOWHERE
}
