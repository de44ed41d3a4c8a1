/** Thrown when something impossible was seen: a defect of Isthmus, never of its input. The loop that meets it stops. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

export function invariant(condition: unknown, why: string): asserts condition {
  if (!condition) throw new InvariantError(`impossible: ${why}`)
}

/** For the `default` of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new InvariantError(`impossible: unhandled variant ${JSON.stringify(value)}`)
}
