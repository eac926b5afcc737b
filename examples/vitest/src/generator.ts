import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Product } from './orders.ts'
import { paths } from './paths.ts'

export const generatedModules = {
  javascript: join(paths.generated, 'prices.mjs'),
  typescript: join(paths.generated, 'prices.ts'),
  json: join(paths.generated, 'prices.json'),
}

/** Compiles the price list into modules that the till imports. */
export function generatePrices(products: Pick<Product, 'sku' | 'priceCents'>[]): void {
  const prices = Object.fromEntries(products.map(({ sku, priceCents }) => [sku, priceCents]))
  const literal = JSON.stringify(prices, null, 2)
  mkdirSync(paths.generated, { recursive: true })
  writeFileSync(generatedModules.json, `${literal}\n`)
  writeFileSync(
    generatedModules.javascript,
    `const prices = ${literal}\nexport const total = (...skus) => skus.reduce((sum, sku) => sum + prices[sku], 0)\n`,
  )
  writeFileSync(
    generatedModules.typescript,
    `export type Sku = keyof typeof prices\nexport const prices = ${literal} as const\nexport const priceOf = (sku: Sku): number => prices[sku]\n`,
  )
}
