import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { listOrders } from '../src/orders.ts'
import { renderDailyReport, saveReport } from '../src/report.ts'
import { takeOrder, test } from './support/shop.ts'

test('the daily report is a file that people and reviewers see', async ({ shop }) => {
  await takeOrder({ sku: 'tea', quantity: 2 })
  await takeOrder({ sku: 'kettle' })
  const report = renderDailyReport('2026-03-14', listOrders(shop.database), shop.config())

  const file = saveReport('daily', report)
  await expect(readFileSync(file, 'utf8')).toMatchFileSnapshot('reports/daily.txt')
})

test('a day without orders has no revenue', ({ shop }) => {
  const report = renderDailyReport('2026-03-15', listOrders(shop.database), shop.config())
  expect(report).toMatchInlineSnapshot(`
    "The Shop, 2026-03-15
    Revenue: 0.00 EUR
    VAT 20%: 0.00 EUR
    "
  `)
})
