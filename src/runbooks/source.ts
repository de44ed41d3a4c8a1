import { runbookFaults } from './faults.ts'

/** The lines of a file, and how to say what is wrong with one. */
export class Source {
  readonly file: string
  readonly lines: readonly string[]

  constructor(file: string, text: string) {
    this.file = file
    this.lines = text.split('\n')
  }

  /** @throws `RUNBOOK_INVALID` */
  fail(line: number, rule: string, remedy: string): never {
    throw runbookFaults.fault('RUNBOOK_INVALID', { file: this.file, line, rule, remedy })
  }
}
