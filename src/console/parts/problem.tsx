import type { Problem } from '../client/http.ts'

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
