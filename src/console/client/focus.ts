/** Takes whoever cannot see that the page has changed to its beginning: a keyboard goes on there, a reader reads it. */
export function focusHeading(): void {
  document.querySelector('h1')?.focus({ preventScroll: true })
}
