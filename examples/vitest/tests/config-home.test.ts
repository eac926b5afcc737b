import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import { loadConfig } from '../src/config.ts'
import { paths } from '../src/paths.ts'
import { test } from './support/shop.ts'

test('without a file in HOME the defaults hold', () => {
  expect(existsSync(paths.userConfig)).toBe(false)
  expect(loadConfig()).toMatchInlineSnapshot(`
    {
      "currency": "EUR",
      "mailHost": "smtp.shop.example",
      "mailPort": 25,
      "name": "The Shop",
      "vatPercent": 20,
    }
  `)
})

test('a file that is not JSON is an error, not a silent default', () => {
  mkdirSync(paths.userConfigDir, { recursive: true })
  writeFileSync(paths.userConfig, '{ name: ')
  expect(() => loadConfig()).toThrow(SyntaxError)
})

test('the file in HOME wins over the defaults', () => {
  writeFileSync(paths.userConfig, JSON.stringify({ name: 'Tea & Co', vatPercent: 7 }))
  expect(loadConfig()).toMatchObject({ name: 'Tea & Co', vatPercent: 7, currency: 'EUR' })
})
