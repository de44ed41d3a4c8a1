import { isAway, type Problem } from '../client/http.ts'
import type { Shown } from '../client/resource.ts'

/** Why something was not answered, and what to do. */
export function ProblemNote({ problem }: { readonly problem: Problem | undefined }) {
  if (problem === undefined) return null
  return (
    <div class="problem" role="alert">
      <strong>{problem.title}</strong>
      {problem.remedy !== '' && <span>: {problem.remedy}</span>}
      {problem.code !== '' && <code> {problem.code}</code>}
    </div>
  )
}

/** The trouble with what is shown; that the API is away is said once, above the page, where there is something to show. */
export function ShownProblem({ shown }: { readonly shown: Shown<unknown> | undefined }) {
  const { body, problem } = shown ?? {}
  return <ProblemNote problem={body !== undefined && isAway(problem) ? undefined : problem} />
}
