import { Type } from 'typebox'

/** Shorthands of the contract. Null is said in the type list, which serialises fast and reads well in OpenAPI 3.1. */
export const nullableNumber = (description: string) =>
  Type.Unsafe<number | null>({ type: ['number', 'null'], description })
export const nullableInteger = (description: string) =>
  Type.Unsafe<number | null>({ type: ['integer', 'null'], description })
export const nullableText = (description: string) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], description })
export const count = (description: string) => Type.Integer({ minimum: 0, description })
export const text = (description: string) => Type.String({ description })
export const atMs = (description: string) => Type.Integer({ description: `${description} Milliseconds since 1970.` })
/** A name of the configuration, as it stands in paths and bodies. */
export const name = (description: string) =>
  Type.String({ maxLength: 63, pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$', description })
/** Null where there is none. */
export const orNull = <Schema extends Type.TSchema>(schema: Schema, description: string) =>
  Type.Union([schema, Type.Null()], { description })

export const object = <Properties extends Type.TProperties>(properties: Properties, description: string) =>
  Type.Object(properties, { additionalProperties: false, description })
