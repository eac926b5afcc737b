import { expect } from 'vitest'
import { search, startSearch } from '../src/search.ts'
import { test } from './support/shop.ts'

test('a running daemon finds what was added after its start', async ({ shop }) => {
  await startSearch()
  expect(await search('teapot')).toEqual([])
  shop.database.exec("INSERT INTO products VALUES ('pot', 'Teapot', 2900, 3)")
  expect(await search('teapot')).toEqual(['pot'])
})
