import { expect } from 'vitest'
import { search, startSearch } from '../src/search.ts'
import { test } from './support/shop.ts'

test('the search daemon finds products; it is left running', async () => {
  const pid = await startSearch()
  expect(await search('t')).toEqual(['kettle', 'tea'])
  expect(process.kill(pid, 0)).toBe(true)
})

test('a second daemon says that the port is taken', async () => {
  await expect(startSearch()).rejects.toThrow('search: EADDRINUSE')
})
