const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Controls, halves of surrogate pairs, and what turns the direction of text, which can make one name look like another. */
const FORBIDDEN = /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu
const WHITE = '\t\n\r'

/** Text as it may stand in an element or between the quotes of an attribute. What HTML forbids is shown as U+FFFD. */
export function escapeHtml(text: string): string {
  const shown = text.replaceAll(FORBIDDEN, (one) => (WHITE.includes(one) ? one : '\u{FFFD}'))
  return shown.replaceAll(/[&<>"']/g, (one) => ENTITIES[one] ?? one)
}
