import type { Reader, Writer } from '@platformatic/kafka'
import type { TopicPartition } from '../cluster.ts'
import { kafkaFaults } from '../faults.ts'

/** Building blocks of flexible versions (KIP-482): compact arrays, each struct followed by its tagged fields. */

export function writeInt64(writer: Writer, value: number): void {
  writer.appendInt64(BigInt(value))
}

/** An int64 as a number; fault `KAFKA_UNSAFE_INTEGER` where a number cannot hold it exactly. */
export function readInt64(reader: Reader, field: string): number {
  const value = Number(reader.readInt64())
  if (!Number.isSafeInteger(value)) throw kafkaFaults.fault('KAFKA_UNSAFE_INTEGER', { field, value })
  return value
}

export function writeStructs<Item>(
  writer: Writer,
  items: readonly Item[] | null,
  write: (writer: Writer, item: Item) => void,
): void {
  writer.appendUnsignedVarInt(items === null ? 0 : items.length + 1)
  for (const item of items ?? []) {
    write(writer, item)
    writer.appendTaggedFields()
  }
}

export function writeStrings(writer: Writer, values: readonly string[]): void {
  writer.appendUnsignedVarInt(values.length + 1)
  for (const value of values) writer.appendString(value)
}

export function writeInt32s(writer: Writer, values: readonly number[]): void {
  writer.appendUnsignedVarInt(values.length + 1)
  for (const value of values) writer.appendInt32(value)
}

export function readInt32s(reader: Reader): number[] {
  return reader.readArray((entry) => entry.readInt32(), true, false)
}

/** `[topic => name [partition => ...]]`, the shape most partition APIs share. Topics keep the order of the items. */
export function writeByTopic<Item extends TopicPartition>(
  writer: Writer,
  items: readonly Item[],
  write: (writer: Writer, item: Item) => void,
): void {
  writeStructs(writer, [...groupByTopic(items)], (_, [topic, partitions]) => {
    writer.appendString(topic)
    writeStructs(writer, partitions, write)
  })
}

/** The same where a partition is nothing but its index: `[topic => name [int32]]`. */
export function writeIndexesByTopic(writer: Writer, items: readonly TopicPartition[]): void {
  writeStructs(writer, [...groupByTopic(items)], (_, [topic, partitions]) => {
    writer.appendString(topic)
    writeInt32s(
      writer,
      partitions.map(({ partition }) => partition),
    )
  })
}

/** Reads what `writeByTopic` writes, as one flat list. */
export function readByTopic<Item>(reader: Reader, read: (reader: Reader, topic: string) => Item): Item[] {
  return reader
    .readArray(() => {
      const topic = reader.readString()
      return reader.readArray(() => read(reader, topic))
    })
    .flat()
}

/** Tagged fields that matter to us: `known` reads the field named by `tag`, or leaves it alone. */
export function readTagged(reader: Reader, known: (tag: number) => void): void {
  const count = reader.readUnsignedVarInt()
  for (let i = 0; i < count; i++) {
    const tag = reader.readUnsignedVarInt()
    const size = reader.readUnsignedVarInt()
    const end = reader.position + size
    known(tag)
    reader.position = end
  }
}

export function groupByTopic<Item extends TopicPartition>(items: readonly Item[]): Map<string, Item[]> {
  const topics = new Map<string, Item[]>()
  for (const item of items) {
    const partitions = topics.get(item.topic)
    if (partitions === undefined) topics.set(item.topic, [item])
    else partitions.push(item)
  }
  return topics
}
