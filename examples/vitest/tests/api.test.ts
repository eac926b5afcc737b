import { describe, expect } from 'vitest'
import { apiUrl, postOrder, takeOrder, test } from './support/shop.ts'

describe('the API on port 3000', () => {
  test('lists the catalogue', async () => {
    const response = await fetch(`${apiUrl}/products`)
    expect(await response.json()).toMatchInlineSnapshot(`
      [
        {
          "name": "Kettle",
          "priceCents": 3900,
          "sku": "kettle",
          "stock": 5,
        },
        {
          "name": "Mug",
          "priceCents": 850,
          "sku": "mug",
          "stock": 40,
        },
        {
          "name": "Green tea",
          "priceCents": 1200,
          "sku": "tea",
          "stock": 12,
        },
      ]
    `)
  })

  test('takes an order and shows it under its id', async () => {
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

  test.for([
    [{ sku: 'sofa' }, 404, "no product 'sofa'"],
    [{ quantity: 0 }, 400, 'quantity must be 1 or more'],
    [{ sku: 'kettle', quantity: 6 }, 409, "only 5 of 'kettle' left"],
  ] as const)('refuses %o with %i', async ([order, status, error]) => {
    const response = await postOrder(order)
    expect([response.status, await response.json()]).toEqual([status, { error }])
  })

  test('refuses a body that is not JSON', async () => {
    const response = await fetch(`${apiUrl}/orders`, { method: 'POST', body: '{' })
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: 'the body is not JSON' },
    ])
  })
})
