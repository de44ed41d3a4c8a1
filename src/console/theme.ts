/** How the page looks: as the system says, unless a person chose otherwise in this browser. */
export type Theme = 'system' | 'light' | 'dark'

const KEY = 'isthmus-theme'
const THEMES: readonly Theme[] = ['system', 'light', 'dark']

export function readTheme(): Theme {
  return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? 'system'
}

export function applyTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme
  localStorage.setItem(KEY, theme)
  document.dispatchEvent(new Event('themechange'))
}

export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system'
}
