const CREATES_PER_REQUEST = 50
/** A controller refuses requests of more than 10,000, and makes others wait for large ones. */
const PARTITIONS_PER_REQUEST = 1_000

/** What may be created by one request each, in order; a topic with more partitions than that goes alone. */
export function chunksOf<Create extends { readonly partitions: number }>(creates: readonly Create[]): Create[][] {
  const chunks: Create[][] = []
  let partitions = 0
  for (const create of creates) {
    const chunk = chunks.at(-1)
    partitions += create.partitions
    if (chunk !== undefined && chunk.length < CREATES_PER_REQUEST && partitions <= PARTITIONS_PER_REQUEST) {
      chunk.push(create)
      continue
    }
    chunks.push([create])
    partitions = create.partitions
  }
  return chunks
}
