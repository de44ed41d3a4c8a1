import { expect, test } from 'vitest'
import { linkTo, parseRoute } from '../../../src/console/route.ts'

test('a link leads to the route that it was made of', () => {
  const link = linkTo(['operations', 'orders', 'a/b c'], { link: 'eu&us', search: '' })
  expect(parseRoute(link)).toEqual({ path: ['operations', 'orders', 'a/b c'], query: { link: 'eu&us' } })
  expect(parseRoute('')).toEqual({ path: [], query: {} })
  expect(parseRoute('#/%zz')).toEqual({ path: ['%zz'], query: {} })
})
