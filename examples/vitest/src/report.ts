import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from './config.ts'
import type { Order, Product } from './orders.ts'
import { paths } from './paths.ts'

const money = (cents: number, { currency }: Config): string =>
  `${(cents / 100).toFixed(2)} ${currency}`

export function renderDailyReport(day: string, orders: Order[], config: Config): string {
  const ofDay = orders.filter(({ placedAt }) => placedAt.startsWith(day))
  const revenueCents = ofDay.reduce((sum, { totalCents }) => sum + totalCents, 0)
  const lines = ofDay.map(
    ({ id, quantity, sku, totalCents }) =>
      `#${id}  ${quantity} x ${sku}  ${money(totalCents, config)}`,
  )
  const vatCents = Math.round((revenueCents * config.vatPercent) / 100)
  return [
    `${config.name}, ${day}`,
    ...lines,
    `Revenue: ${money(revenueCents, config)}`,
    `VAT ${config.vatPercent}%: ${money(vatCents, config)}`,
    '',
  ].join('\n')
}

export function renderStockReport(products: Product[]): string {
  const lines = products.map(
    ({ name, stock }) => `${name.padEnd(12)}${stock === 0 ? 'sold out' : stock}`,
  )
  return [...lines, ''].join('\n')
}

/** Leaves a report for people: `artifacts/report-NAME.txt`. */
export function saveReport(name: string, text: string): string {
  mkdirSync(paths.artifacts, { recursive: true })
  const file = join(paths.artifacts, `report-${name}.txt`)
  writeFileSync(file, text)
  return file
}
