import { describeError, type RegionName } from '../core/index.ts'
import { Secret } from '../credentials/index.ts'
import { configFaults } from './faults.ts'
import { parseProperties, readJaasOption } from './import-mm2/properties.ts'
import type { PasswordLogin } from './regions.ts'
import { type ConfigSources, systemSources } from './sources.ts'

const MECHANISMS: Readonly<Record<string, PasswordLogin['mechanism']>> = {
  PLAIN: 'plain',
  'SCRAM-SHA-256': 'scram-sha-256',
  'SCRAM-SHA-512': 'scram-sha-512',
}

/**
 * The login in a properties file of Kafka's clients, as their tools take it by `--command-config`. Only who logs in is
 * taken from it: how the region is reached, and whom it trusts, is in the configuration. Faults: ADMIN_FILE_UNREADABLE,
 * ADMIN_FILE_REFUSED; none shows what the file holds.
 */
export function readAdminLogin(
  region: RegionName,
  file: string,
  { readFile }: Pick<ConfigSources, 'readFile'> = systemSources,
): PasswordLogin {
  let text: string
  try {
    text = readFile(file)
  } catch (error) {
    throw configFaults.fault('ADMIN_FILE_UNREADABLE', { region, file, reason: describeError(error) }, error)
  }
  const refuse = (reason: string) => configFaults.fault('ADMIN_FILE_REFUSED', { region, file, reason })
  const settings = new Map(parseProperties(text).map(({ key, value }) => [key, value]))
  const named = settings.get('sasl.mechanism')
  if (named === undefined) throw refuse('it has no sasl.mechanism')
  const mechanism = MECHANISMS[named.trim().toUpperCase()]
  if (mechanism === undefined) throw refuse(`${named} is none of ${Object.keys(MECHANISMS).join(', ')}`)
  const jaas = settings.get('sasl.jaas.config')
  const [username, password] = [readJaasOption(jaas, 'username'), readJaasOption(jaas, 'password')]
  if (username === undefined || password === undefined)
    throw refuse('its sasl.jaas.config has no username and password')
  return { mechanism, username, password: new Secret(password) }
}
