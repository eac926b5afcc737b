import { readFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect } from 'vitest'
import { takeOrder, test } from './support/shop.ts'

const listReceipts = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith('shop-receipt-'))

test('each order leaves one temporary directory, which nobody removes', async () => {
  expect(listReceipts()).toEqual([])
  await takeOrder({ sku: 'mug', quantity: 3 })
  await takeOrder({ sku: 'tea' })
  expect(listReceipts()).toHaveLength(2)
})

test('a receipt says what was bought', async () => {
  const { receipt } = await takeOrder({ sku: 'tea', quantity: 2 })
  expect(readFileSync(receipt, 'utf8')).toBe('Order 3\n2 x tea\n24.00 EUR\n')
})
