import { type NotificationTargetOptions, resolveNotificationOptions } from '../observability/index.ts'
import { Secret } from '../credentials/index.ts'
import { type LoadContext, loadSecretFile, readEnv } from './credentials.ts'
import { closest, type Path, type ProblemCollector } from './problems.ts'
import type { UsableConfig } from './validate.ts'

/** A receiver of notifications, its files read. The address may be a secret as well. */
export interface NotificationConfig extends ReturnType<typeof resolveNotificationOptions> {
  readonly url: Secret
  readonly token: Secret | undefined
  readonly secret: Secret | undefined
}

export function loadNotifications({ notifications }: UsableConfig, context: LoadContext): NotificationConfig[] {
  return notifications.map(({ at, entry }) => {
    const path: Path = ['notifications', at]
    const { url, urlFile, tokenFile, secretFile } = entry
    const given = url?.startsWith('env:') === true ? readEnv(url, [...path, 'url'], context) : url
    const address = loadSecretFile(urlFile, [...path, 'urlFile'], 'the address', context) ?? new Secret(given ?? '')
    const from = urlFile === undefined ? 'url' : 'urlFile'
    if (address.reveal() !== '') checkAddress(address, [...path, from], tokenFile !== undefined, context.problems)
    return {
      ...resolveNotificationOptions(entry),
      url: address,
      token: loadSecretFile(tokenFile, [...path, 'tokenFile'], 'the token', context),
      secret: loadSecretFile(secretFile, [...path, 'secretFile'], 'the secret', context),
    }
  })
}

/** What sending needs, as the files stand whenever it does. Reveals the secrets, so the result must go nowhere else. */
export function notificationTargetOf({
  url,
  token,
  secret,
  ...options
}: NotificationConfig): NotificationTargetOptions {
  return {
    ...options,
    get url() {
      return url.reveal()
    },
    get token() {
      return token?.reveal()
    },
    get secret() {
      return secret?.reveal()
    },
  }
}

export function checkNotifications(file: UsableConfig, problems: ProblemCollector): void {
  const known = file.failoverGroups.map(({ entry }) => entry.name)
  for (const { at, entry } of file.notifications) {
    const path: Path = ['notifications', at]
    const { url, urlFile, groups = [] } = entry
    if ((url === undefined) === (urlFile === undefined)) {
      problems.error(path, 'it needs exactly one of url and urlFile', 'give the address, or the file that holds it')
    }
    for (const [index, group] of groups.entries()) {
      if (known.includes(group)) continue
      const meant = closest(group, known) ?? (known.join(', ') || 'none here')
      problems.error([...path, 'groups', index], `"${group}" is no failover group`, `did you mean ${meant}?`)
    }
  }
}

/** Never shows it. */
function checkAddress(address: Secret, path: Path, hasToken: boolean, problems: ProblemCollector): void {
  const text = address.reveal()
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (!isHttp || url.username !== '' || url.password !== '') {
    problems.error(
      path,
      'it is not an http or https address',
      'write it like https://hooks.example/isthmus, without a user',
    )
  } else if (url.protocol === 'http:' && hasToken) {
    problems.warn(path, 'http sends the token readable', 'use https, or sign with secretFile')
  }
}
