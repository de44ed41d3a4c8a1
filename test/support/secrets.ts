/**
 * Secrets that tests make up, told by how they look. Whatever a test lets Isthmus write (logs, answers, what commands
 * print, arguments of processes) goes through here, so every test of the suite is a test that none gets out.
 */
const SECRETS: readonly RegExp[] = [
  // Passwords: those of local regions, and those that tests put where a secret belongs.
  /(canary|isthmus|app|admin)-secret(-[a-z0-9-]+)?/,
  // The same where it is sent as base64, as keys of DNS and logins by HTTP are.
  /Y2FuYXJ5LXNlY3Jl/,
  /isthmus_[A-Za-z0-9_-]{43}/,
  // JSON web tokens.
  /eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+/,
  /-----BEGIN [A-Z ]*PRIVATE KEY/,
]

/** The place that a secret is for, in the text of it. */
export function secretFor(place: string): string {
  return `canary-secret-${place}`
}

/** Throws where the text holds one. */
export function checkNoSecret(text: string, where: string): void {
  for (const pattern of SECRETS) {
    const found = pattern.exec(text)
    if (found === null) continue
    const around = text.slice(Math.max(0, found.index - 100), found.index)
    throw new Error(`${where} shows a secret (${found[0].slice(0, 24)}…), after: ${around}`)
  }
}
