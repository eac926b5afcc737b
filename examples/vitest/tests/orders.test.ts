import { expect } from 'vitest'
import { openDatabase } from '../src/database.ts'
import { listOrders, listProducts } from '../src/orders.ts'
import { postOrder, takeOrder, test } from './support/shop.ts'

test('the first order of a new shop has the number 1', async () => {
  expect(await takeOrder()).toMatchObject({ id: 1 })
})

test('of twelve buyers of the last five kettles, five get one', async ({ shop }) => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => postOrder({ sku: 'kettle' })))
  const statuses = answers.map(({ status }) => status).toSorted()
  expect(statuses).toEqual([...Array<number>(5).fill(201), ...Array<number>(7).fill(409)])
  expect(listProducts(shop.database).find(({ sku }) => sku === 'kettle')?.stock).toBe(0)
})

test('another connection to the file sees the orders', async () => {
  const database = openDatabase()
  expect(listOrders(database)).toHaveLength(6)
  database.close()
})
