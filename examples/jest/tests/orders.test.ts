import { expect, test } from '@jest/globals'
import { openDatabase } from 'example-vitest-shop/src/database.ts'
import { listOrders } from 'example-vitest-shop/src/orders.ts'
import { postOrder, takeOrder, useShop } from './support/shop.ts'

useShop()

test('the first order of a new shop has the number 1', async () => {
  expect(await takeOrder()).toMatchObject({ id: 1 })
})

test('of twelve buyers of the last five kettles, five get one', async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => postOrder({ sku: 'kettle' })))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(5)
})

test('another connection to the file sees the orders', () => {
  const database = openDatabase()
  expect(listOrders(database)).toHaveLength(6)
  database.close()
})
