import { expect } from 'vitest'
import { listProducts } from '../src/orders.ts'
import { renderStockReport, saveReport } from '../src/report.ts'
import { takeOrder, test } from './support/shop.ts'

test('the stock report names what is sold out', async ({ shop }) => {
  await takeOrder({ sku: 'kettle', quantity: 5 })
  const report = renderStockReport(listProducts(shop.database))
  saveReport('stock', report)
  await expect(report).toMatchFileSnapshot('reports/stock.txt')
})
