/** Which regions a trial of moves runs on: options that most of them share. */
export interface Setting {
  readonly regions: number
  readonly isSecured: boolean
}

export const SETTING_OPTIONS = {
  regions: { describe: 'how many regions: 2, 3, or all for one after the other', default: 'all' },
  access: { describe: 'plain, secured, or all for one after the other', default: 'all' },
}

/** The short form has one: two secured regions, unless it is told otherwise. */
export function settingsOf(options: Readonly<Record<string, string>>, short: boolean): Setting[] {
  const { regions = 'all', access = 'all' } = options
  const counts = regions === 'all' ? (short ? [2] : [2, 3]) : [Number(regions)]
  const accesses = access === 'all' ? (short ? ['secured'] : ['secured', 'plain']) : [access]
  if (counts.some((count) => count !== 2 && count !== 3)) throw new Error(`--regions ${regions}: 2, 3 or all`)
  if (accesses.some((one) => one !== 'plain' && one !== 'secured'))
    throw new Error(`--access ${access}: plain, secured or all`)
  return counts.flatMap((count) => accesses.map((one) => ({ regions: count, isSecured: one === 'secured' })))
}

export function nameSetting({ regions, isSecured }: Setting): string {
  return `${regions} ${isSecured ? 'secured' : 'plain'}`
}
