import { expect, it } from 'vitest'
import { RepeatedNews } from '../../../src/replication/repeated-news.ts'
import { ManualClock } from './flows/flow-fixtures.ts'

it('tells the same news of a subject once, and again after five minutes', async () => {
  const clock = new ManualClock()
  const news = new RepeatedNews(clock)
  expect(news.isNews('a', 'down')).toBe(true)
  expect(news.isNews('a', 'down')).toBe(false)
  expect(news.isNews('b', 'down')).toBe(true)
  expect(news.isNews('a', 'slow')).toBe(true)
  expect(news.isNews('a', 'down')).toBe(true)
  await clock.pass(5 * 60_000)
  expect(news.isNews('a', 'down')).toBe(true)
})
