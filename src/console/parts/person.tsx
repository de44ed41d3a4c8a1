import { useCaller } from '../client/orders.ts'

export interface Person {
  readonly by: string
  readonly reason: string
}

interface PersonFieldsProps {
  readonly person: Person
  readonly onChange: (person: Person) => void
  /** Of an order that takes a reason. @defaultValue true */
  readonly asksWhy?: boolean
}

/** Who asks, where nobody has logged in, and why. */
export function PersonFields({ person, onChange, asksWhy = true }: PersonFieldsProps) {
  const { isNamed, name } = useCaller('viewer')
  return (
    <>
      {isNamed ? (
        <p>
          Asked for by <strong>{name}</strong>
        </p>
      ) : (
        <label>
          Who asks
          <input
            required
            autocomplete="name"
            value={person.by}
            onInput={(event) => onChange({ ...person, by: event.currentTarget.value })}
          />
        </label>
      )}
      {asksWhy && (
        <label>
          Why, for those who read it later
          <input
            required
            maxLength={2000}
            value={person.reason}
            onInput={(event) => onChange({ ...person, reason: event.currentTarget.value })}
          />
        </label>
      )}
    </>
  )
}

/** What the API takes; it puts the name of a caller who has logged in there itself. */
export function bodyOf({ by, reason }: Person, name: string): Person {
  return { by: by.trim() === '' ? name : by.trim(), reason: reason.trim() }
}
