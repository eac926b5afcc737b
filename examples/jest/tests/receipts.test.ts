import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, test } from '@jest/globals'
import { takeOrder, useShop } from './support/shop.ts'

useShop()

const listReceipts = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith('shop-receipt-'))

test('each order leaves one temporary directory, which nobody removes', async () => {
  expect(listReceipts()).toEqual([])
  const { receipt } = await takeOrder({ sku: 'tea', quantity: 2 })
  expect(listReceipts()).toHaveLength(1)
  expect(readFileSync(receipt, 'utf8')).toBe('Order 1\n2 x tea\n24.00 EUR\n')
})
