import type { Reader, Writer } from '@platformatic/kafka'
import type { ApiName } from './versions.ts'

/**
 * One Kafka API: how its request is written and its response read, without headers and framing.
 * `write` ends with the tagged fields of the request; `read` may leave trailing tagged fields unread.
 */
export interface Api<Request, Response> {
  readonly name: ApiName
  write(writer: Writer, request: Request, version: number): void
  read(reader: Reader, version: number): Response
}
