import { useState } from 'preact/hooks'
import { apiUrl, authorization, type Problem, problemOfError } from '../client/http.ts'
import { saveFile } from '../client/save-file.ts'
import { session } from '../client/session.ts'
import { Cli } from './cli.tsx'
import { ProblemNote } from './problem.tsx'

interface ReportButtonProps {
  readonly path: string
  /** Of the file. */
  readonly name: string
  readonly command: string
}

/** The report as a file that needs nothing else: it is asked for with the token, which a link could not show. */
export function ReportButton({ path, name, command }: ReportButtonProps) {
  const [problem, setProblem] = useState<Problem>()
  const save = async () => {
    try {
      const headers = authorization(session.token)
      const response = await fetch(apiUrl(`${path}?format=html`), { headers })
      if (!response.ok) throw new Error(`the report was answered with ${response.status}`)
      saveFile(`${name}.html`, await response.blob())
      setProblem(undefined)
    } catch (error) {
      setProblem(problemOfError(error))
    }
  }
  return (
    <>
      <p>
        <button type="button" class="quiet" onClick={() => void save()}>
          Save the report
        </button>
      </p>
      <ProblemNote problem={problem} />
      <Cli command={command} />
    </>
  )
}
