import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { listOrders } from 'example-vitest-shop/src/orders.ts'
import { renderDailyReport, saveReport } from 'example-vitest-shop/src/report.ts'
import { takeOrder, useShop } from './support/shop.ts'

const running = useShop()

test('the daily report is a file that people see', async () => {
  await takeOrder({ sku: 'tea', quantity: 2 })
  await takeOrder({ sku: 'kettle' })
  const { database, config } = running.shop
  const file = saveReport('daily', renderDailyReport('2026-03-14', listOrders(database), config()))
  expect(readFileSync(file, 'utf8')).toMatchSnapshot()
})
