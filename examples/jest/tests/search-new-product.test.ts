import { expect, test } from '@jest/globals'
import { search, startSearch } from 'example-vitest-shop/src/search.ts'
import { useShop } from './support/shop.ts'

const running = useShop()

test('a running daemon finds what was added after its start', async () => {
  await startSearch()
  expect(await search('teapot')).toEqual([])
  running.shop.database.exec("INSERT INTO products VALUES ('pot', 'Teapot', 2900, 3)")
  expect(await search('teapot')).toEqual(['pot'])
})
