import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { expect } from 'vitest'
import { generatedModules, generatePrices } from '../src/generator.ts'
import { test } from './support/shop.ts'

interface Till {
  total(...skus: string[]): number
}

test('a module that did not exist is imported right after it was generated', async () => {
  expect(existsSync(generatedModules.javascript)).toBe(false)
  generatePrices([
    { sku: 'mug', priceCents: 1 },
    { sku: 'tea', priceCents: 20 },
  ])
  const till = (await import(generatedModules.javascript)) as Till
  expect(till.total('mug', 'tea', 'tea')).toBe(41)
})

test('the module is the same by its file: URL', async () => {
  const till = (await import(pathToFileURL(generatedModules.javascript).href)) as Till
  expect(till.total('mug')).toBe(1)
})

test('the generated JSON is importable too', async () => {
  const prices = (await import(generatedModules.json)) as { default: unknown }
  expect(prices.default).toEqual({ mug: 1, tea: 20 })
})
