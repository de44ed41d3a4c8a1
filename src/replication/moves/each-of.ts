/** Takes a step for each item, so many at once. The first failure ends it. */
export async function eachOf<Item>(
  items: Iterable<Item>,
  atOnce: number,
  step: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items[Symbol.iterator]()
  const worker = async () => {
    for (let next = left.next(); next.done !== true; next = left.next()) await step(next.value)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
