import { expect, test } from '@jest/globals'
import { search, startSearch } from 'example-vitest-shop/src/search.ts'
import { useShop } from './support/shop.ts'

useShop()

test('the search daemon finds products; it is left running', async () => {
  const pid = await startSearch()
  expect(await search('t')).toEqual(['kettle', 'tea'])
  expect(process.kill(pid, 0)).toBe(true)
})

test('a second daemon says that the port is taken', async () => {
  await expect(startSearch()).rejects.toThrow('search: EADDRINUSE')
})
