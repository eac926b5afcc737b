import { readdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, test } from '@jest/globals'
import { loadConfig } from 'example-vitest-shop/src/config.ts'
import { paths } from 'example-vitest-shop/src/paths.ts'

test('/etc/shop is there, empty and writable', () => {
  expect(readdirSync(dirname(paths.systemConfig))).toEqual([])
  writeFileSync(paths.systemConfig, JSON.stringify({ name: 'Corner Shop', currency: 'CHF' }))
  expect(loadConfig()).toMatchObject({ name: 'Corner Shop', currency: 'CHF' })
})
