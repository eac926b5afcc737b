import { expect } from 'vitest'
import { prices } from '../src/generated/prices.ts'
import { listProducts } from '../src/orders.ts'
import { test } from './support/shop.ts'

test('the committed price list is the one of the catalogue', ({ shop }) => {
  const catalogue = listProducts(shop.database).map(({ sku, priceCents }) => [sku, priceCents])
  expect(prices).toEqual(Object.fromEntries(catalogue))
})
