import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect } from 'vitest'
import { loadConfig } from '../src/config.ts'
import { paths } from '../src/paths.ts'
import { frontUrl, test } from './support/shop.ts'

const systemDir = dirname(paths.systemConfig)

test('/etc/shop is there, empty and writable', () => {
  expect(readdirSync(systemDir)).toEqual([])
  writeFileSync(paths.systemConfig, JSON.stringify({ name: 'Corner Shop', currency: 'CHF' }))
  expect(loadConfig()).toMatchObject({ name: 'Corner Shop', currency: 'CHF' })
})

test("the user's file wins over the machine's, setting by setting", async ({ shop }) => {
  const changed = new Promise((resolve) => shop.watcher.once('change', resolve))
  mkdirSync(paths.userConfigDir, { recursive: true })
  writeFileSync(paths.userConfig, JSON.stringify({ name: 'My Shop' }))
  await changed

  const page = await (await fetch(frontUrl)).text()
  expect(page).toContain('<h1>My Shop</h1>')
  expect(page).toContain('CHF')
})
