import { expect } from 'vitest'
import { generatePrices } from '../src/generator.ts'
import { listProducts } from '../src/orders.ts'
import { test } from './support/shop.ts'

test('a committed module that is generated anew is imported as it is now', async ({ shop }) => {
  const products = listProducts(shop.database).map(({ sku, priceCents }) => ({
    sku,
    priceCents: priceCents * 2,
  }))
  generatePrices(products)
  const { priceOf, prices } = await import('../src/generated/prices.ts')
  expect(prices).toEqual({ kettle: 7800, mug: 1700, tea: 2400 })
  expect(priceOf('tea')).toBe(2400)
})
