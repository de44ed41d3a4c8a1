import { useState } from 'preact/hooks'
import type { CallerBody } from '../../api/contract/index.ts'
import { askApi, type Problem, problemOfError } from '../client/http.ts'
import { session } from '../client/session.ts'
import { Panel } from '../parts/panel.tsx'
import { ProblemNote } from '../parts/problem.tsx'

/** Asks for a token, and shows it to the API before it is kept. */
export function SignIn() {
  const [token, setToken] = useState('')
  const [problem, setProblem] = useState<Problem>()
  const signIn = async () => {
    try {
      await askApi<CallerBody>('/caller', { token: token.trim() })
      session.open(token.trim())
    } catch (error) {
      setProblem(problemOfError(error))
    }
  }
  return (
    <Panel title="Sign in">
      <p>
        The API wants to know who asks. Give a token of <code>api.auth.tokens</code>, or a JSON web token of the issuer
        of <code>api.auth.oidc</code>. It stays in this tab, and is gone with it.
      </p>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault()
          void signIn()
        }}
      >
        <label>
          Token
          <input
            type="password"
            autocomplete="off"
            required
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Sign in</button>
      </form>
      <ProblemNote problem={problem} />
    </Panel>
  )
}
