/**
 * Schemas of the records of the workload, and the check each record passes before it is produced and after it is read.
 *
 * The version of a record's schema stands in its `schema-version` header. Version 2 of a reading adds the optional
 * field `battery`; a reader takes both, so producers can move over one by one while everything runs. Each version is
 * strict: a field it does not name is an error, which is how a wrong header shows.
 */
import { type Static, type TSchema, Type } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'

export const SCHEMA_VERSION_HEADER = 'schema-version'

/** What a device can measure; a device measures one thing. */
export const SENSOR_KINDS = ['temperature', 'humidity', 'pressure', 'vibration'] as const
export type SensorKind = (typeof SENSOR_KINDS)[number]

const strict = { additionalProperties: false }
const name = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$' })
const epochMs = Type.Integer({ minimum: 0 })

const readingFields = {
  deviceId: name,
  site: name,
  kind: Type.Enum([...SENSOR_KINDS]),
  /** At most three decimals, so that sums are exact in thousandths. */
  value: Type.Number({ minimum: -1_000_000, maximum: 1_000_000 }),
  unit: Type.String({ minLength: 1, maxLength: 8 }),
  /** When the device measured, milliseconds since 1970. */
  at: epochMs,
  /** Rises with every reading of the device, also over restarts of the fleet. */
  sequence: Type.Integer({ minimum: 1 }),
}

export const sensorReadingV1 = Type.Object(readingFields, strict)
export const sensorReadingV2 = Type.Object(
  { ...readingFields, battery: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })) },
  strict,
)
/** One measurement of one device, in the newest version, which is a superset of the older one. */
export type SensorReading = Static<typeof sensorReadingV2>

export const weatherObservationV1 = Type.Object(
  {
    stationId: name,
    at: epochMs,
    sequence: Type.Integer({ minimum: 1 }),
    temperatureCelsius: Type.Number({ minimum: -90, maximum: 70 }),
    humidityPercent: Type.Number({ minimum: 0, maximum: 100 }),
    pressureHectopascal: Type.Number({ minimum: 850, maximum: 1100 }),
    windMetresPerSecond: Type.Number({ minimum: 0, maximum: 120 }),
  },
  strict,
)
export type WeatherObservation = Static<typeof weatherObservationV1>

export type RefusalReason = 'empty' | 'not-json' | 'unknown-version' | 'schema'

/** Why a record was refused: the first thing that is wrong with it, and where. */
export interface Refusal {
  readonly reason: RefusalReason
  /** JSON pointer into the value; '' for the value as a whole. */
  readonly path: string
  readonly detail: string
}

export type Checked<Value> =
  | { readonly ok: true; readonly value: Value; readonly version: number }
  | { readonly ok: false; readonly refusal: Refusal }

/** A kind of record: its schemas by version. */
export interface RecordKind<Value> {
  /** For a value that is to be sent. */
  checkValue(value: unknown, version: number): Checked<Value>
  /** For a record that was read. */
  checkBytes(bytes: Buffer | null, version: string | undefined): Checked<Value>
}

export const readingRecords = defineRecordKind<SensorReading>({ 1: sensorReadingV1, 2: sensorReadingV2 })
export const weatherRecords = defineRecordKind<WeatherObservation>({ 1: weatherObservationV1 })

function defineRecordKind<Value>(schemas: Readonly<Record<number, TSchema>>): RecordKind<Value> {
  const validators = new Map<number, Validator>()
  for (const [version, schema] of Object.entries(schemas)) validators.set(Number(version), Compile(schema))

  const checkValue = (value: unknown, version: number): Checked<Value> => {
    const validator = validators.get(version)
    if (validator === undefined) return refuse('unknown-version', '', `there is no version ${version}`)
    if (validator.Check(value)) return { ok: true, value: value as Value, version }
    const first = validator.Errors(value)[0]
    return refuse('schema', first?.instancePath ?? '', first?.message ?? 'does not match')
  }

  const checkBytes = (bytes: Buffer | null, version: string | undefined): Checked<Value> => {
    if (bytes === null || bytes.length === 0) return refuse('empty', '', 'the record has no value')
    let value: unknown
    try {
      value = JSON.parse(bytes.toString())
    } catch (error) {
      return refuse('not-json', '', error instanceof Error ? error.message : String(error))
    }
    if (version === undefined || !/^\d{1,4}$/.test(version)) {
      return refuse('unknown-version', '', `the header ${SCHEMA_VERSION_HEADER} is ${version ?? 'missing'}`)
    }
    return checkValue(value, Number(version))
  }
  return { checkValue, checkBytes }
}

function refuse(reason: RefusalReason, path: string, detail: string): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { reason, path, detail } }
}
