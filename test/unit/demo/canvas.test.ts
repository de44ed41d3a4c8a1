import { expect, test } from 'vitest'
import { Canvas } from '../../../src/demo/screen.ts'

function createTerminal(columns: number, rows: number) {
  const written: string[] = []
  return { columns, rows, written, write: (text: string) => written.push(text) }
}

test('a picture replaces the one before, line by line', () => {
  const terminal = createTerminal(20, 10)
  const canvas = new Canvas(terminal)
  canvas.draw('one\ntwo')
  canvas.draw('three')
  expect(terminal.written).toEqual(['one\ntwo\n', '\u001B[2A\u001B[Jthree\n'])
})

test('lines and pictures are cut to the terminal', () => {
  const terminal = createTerminal(10, 3)
  new Canvas(terminal).draw('0123456789\nshort\nnever seen')
  expect(terminal.written).toEqual(['01234567…\nshort\n'])
})

test('lines that wrapped because the terminal became narrower are erased as well', () => {
  const terminal = createTerminal(20, 10)
  const canvas = new Canvas(terminal)
  canvas.draw('0123456789abcde')
  terminal.columns = 10
  canvas.clear()
  expect(terminal.written.at(-1)).toBe('\u001B[2A\u001B[J')
})
