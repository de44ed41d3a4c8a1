import { useState } from 'preact/hooks'
import type { CallerBody } from '../../api/contract/index.ts'
import { useCaller, useOrder } from '../client/orders.ts'
import { Form } from './form.tsx'
import { bodyOf, type Person, PersonFields } from './person.tsx'
import { ProblemNote } from './problem.tsx'

interface AskProps {
  /** What the button says. */
  readonly label: string
  /** What it will do. */
  readonly meaning: string
  readonly path: string
  readonly needs: CallerBody['role']
  /** What is sent beside who and why. */
  readonly body?: object
  readonly headers?: () => Readonly<Record<string, string>>
  /** Asks for this word first: the name of the group, where something cannot be taken back. */
  readonly word?: string
  /** @defaultValue the name of the failover group */
  readonly wordIs?: string
  /** Why it cannot be asked for now. */
  readonly obstacle?: string | undefined
  readonly onDone?: (answer: unknown) => void
  /** False of an order that takes no reason. @defaultValue true */
  readonly asksWhy?: boolean
  /** From who and why to the body. @defaultValue `by` and `reason`, beside `body` */
  readonly shape?: (person: Person) => object
}

/** What is still to be said; undefined where nothing is. */
function askFor(
  { by, reason }: Person,
  { asksWhy, isNamed }: { readonly asksWhy: boolean; readonly isNamed: boolean },
): string | undefined {
  const isSaid = (!asksWhy || reason.trim() !== '') && (isNamed || by.trim() !== '')
  if (isSaid) return undefined
  return asksWhy ? 'Say who asks and why.' : 'Say who asks.'
}

const asItIs = (person: Person): object => person

/** An order to the API: who, why, and where it destroys something the name of the group, typed. */
export function Ask({ label, meaning, path, needs, body = {}, headers, word, obstacle, onDone, ...rest }: AskProps) {
  const { asksWhy = true, shape = asItIs, wordIs = 'the name of the failover group' } = rest
  const [person, setPerson] = useState({ by: '', reason: '' })
  const [typed, setTyped] = useState('')
  const { name, isNamed, refusal } = useCaller(needs)
  const order = useOrder<unknown>()
  const isSure = word === undefined || typed.trim() === word
  const why =
    refusal ?? obstacle ?? askFor(person, { asksWhy, isNamed }) ?? (isSure ? undefined : `Type ${word} to do it.`)
  const send = async () => {
    const answer = await order.send({
      path,
      body: { ...body, ...shape(bodyOf(person, name)) },
      headers: headers?.() ?? {},
    })
    setTyped('')
    if (answer !== undefined) onDone?.(answer)
  }
  return (
    <Form
      label={label}
      waitingLabel="Waiting for the API"
      isWaiting={order.isSending}
      obstacle={why}
      told={order.answer === undefined ? '' : `The API has taken it: ${label}.`}
      onSubmit={send}
    >
      <p>{meaning}</p>
      <PersonFields person={person} onChange={setPerson} asksWhy={asksWhy} />
      {word !== undefined && (
        <label>
          <span>
            Type <strong>{word}</strong>, {wordIs}, to do it
          </span>
          <input autocomplete="off" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
        </label>
      )}
      <ProblemNote problem={order.problem} />
    </Form>
  )
}
