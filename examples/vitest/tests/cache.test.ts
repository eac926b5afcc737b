import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { paths } from '../src/paths.ts'
import { frontUrl, takeOrder, test } from './support/shop.ts'

const loadPage = async (): Promise<string | null> => (await fetch(frontUrl)).headers.get('x-cache')

test('the first page of a new shop is not in the cache, the second is', async () => {
  expect(existsSync(paths.cache)).toBe(false)
  expect([await loadPage(), await loadPage()]).toEqual(['miss', 'hit'])
  expect(readdirSync(paths.cache)).toEqual(['catalogue.json'])
})

test('an order empties the cache', async () => {
  await takeOrder()
  expect([await loadPage(), await loadPage()]).toEqual(['miss', 'hit'])
})

test('a damaged entry counts as missing', async () => {
  writeFileSync(join(paths.cache, 'catalogue.json'), '[{"sku"')
  expect([await loadPage(), await loadPage()]).toEqual(['miss', 'hit'])
})
