import type { Block, Runbook } from '../../src/runbooks/index.ts'

const SAVED: Readonly<Record<string, string>> = {
  operation: 'orders-0123456789abcdef',
  drill: 'orders-drill-0123456789abcdef',
  from: 'west',
}

/** A value for each parameter of a runbook. */
export function sampleValues({ params }: Runbook): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).map(([name, { type, default: given, values }]) => {
      return [name, given ?? { name: 'orders', number: '1', text: 'a reason', choice: values?.[0] ?? '' }[type]]
    }),
  )
}

/** The command lines of a block as words, with something for each parameter and whatever blocks before it save. */
export function fillCommands({ commands = [] }: Block, values: Readonly<Record<string, string>>): string[][] {
  const known: Readonly<Record<string, string>> = { ...SAVED, ...values }
  const fill = (word: string) => word.replaceAll(/\$(\w+)/g, (_whole, name: string) => known[name] ?? 'something')
  return commands.map((words) => words.map(fill))
}
