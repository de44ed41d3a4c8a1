import { checkPassword } from './credential-rules.ts'
import type { Path, ProblemCollector } from './problems.ts'
import type { ConfigFile } from './schema.ts'

type SaslFile = NonNullable<ConfigFile['regions'][number]['sasl']>

/** Which keys a mechanism takes; the others would be ignored without a word. */
const PASSWORD_KEYS = ['password', 'passwordFile'] as const
const TOKEN_KEYS = ['tokenFile', 'tokenEndpoint'] as const

/** Every rule of `sasl` that a schema cannot state. */
export function checkSasl(sasl: SaslFile | undefined, path: Path, hasTls: boolean, problems: ProblemCollector): void {
  if (sasl === undefined) return
  const isToken = sasl.mechanism === 'oauthbearer'
  for (const key of isToken ? PASSWORD_KEYS : TOKEN_KEYS) {
    if (sasl[key] === undefined) continue
    const remedy = isToken ? 'give tokenFile or tokenEndpoint instead' : 'give passwordFile instead, or use oauthbearer'
    problems.error([...path, key], `${sasl.mechanism} does not take it`, remedy)
  }
  if (isToken) checkToken(sasl, path, problems)
  else {
    checkPassword(sasl, path, problems)
    if (sasl.username === undefined) problems.error([...path, 'username'], 'missing', 'name the user to log in as')
  }
  if (!hasTls) checkPlaintext(sasl, path, problems)
}

function checkToken({ tokenFile, tokenEndpoint }: SaslFile, path: Path, problems: ProblemCollector): void {
  if ((tokenFile === undefined) !== (tokenEndpoint === undefined)) return
  const rule = tokenFile === undefined ? 'no token is named' : 'two tokens are named'
  problems.error(path, rule, 'give one of tokenFile and tokenEndpoint')
}

/** SCRAM shows nobody its password; these send what they log in with as it is. */
function checkPlaintext({ mechanism, allowPlaintext }: SaslFile, path: Path, problems: ProblemCollector): void {
  if (mechanism !== 'plain' && mechanism !== 'oauthbearer') return
  const at: Path = [...path, 'mechanism']
  const what = mechanism === 'plain' ? 'the password' : 'the token'
  const rule = `${mechanism} without tls sends ${what} readable`
  if (allowPlaintext === true) problems.warn(at, rule, 'add tls: {}')
  else problems.error(at, rule, 'add tls: {}, or say that it is meant so with allowPlaintext: true')
}
