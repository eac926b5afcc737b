import { expect, test } from '@jest/globals'
import { apiUrl, postOrder, takeOrder, useShop } from './support/shop.ts'

useShop()

test('the API on port 3000 takes an order and shows it under its id', async () => {
  const { id } = await takeOrder({ sku: 'tea', quantity: 2 })
  const response = await fetch(`${apiUrl}/orders/${id}`)
  expect(await response.json()).toMatchInlineSnapshot(`
{
  "email": "ann@customer.example",
  "id": 1,
  "placedAt": "2026-03-14T09:26:53.000Z",
  "quantity": 2,
  "sku": "tea",
  "totalCents": 2400,
}
`)
})

test.each([
  [{ sku: 'sofa' }, 404, "no product 'sofa'"],
  [{ quantity: 0 }, 400, 'quantity must be 1 or more'],
  [{ sku: 'kettle', quantity: 6 }, 409, "only 5 of 'kettle' left"],
])('refuses %o with %i', async (order, status, error) => {
  const response = await postOrder(order)
  expect([response.status, await response.json()]).toEqual([status, { error }])
})
