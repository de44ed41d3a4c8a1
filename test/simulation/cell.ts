/** A fault at a step: what has to have happened at least once in a full run. */
export interface Cell {
  readonly kind: 'switchover' | 'failover' | 'return' | 'automatic'
  readonly phase: string
  readonly fault: string
}

export function cellName({ kind, phase, fault }: Cell): string {
  return `${kind} ${phase}: ${fault}`
}
