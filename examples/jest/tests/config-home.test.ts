import { once } from 'node:events'
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { paths } from 'example-vitest-shop/src/paths.ts'
import { frontUrl, useShop } from './support/shop.ts'

const running = useShop()

const readTitle = async (): Promise<string | undefined> =>
  /<h1>(.*)<\/h1>/.exec(await (await fetch(frontUrl)).text())?.[1]

test('without a file in HOME the defaults hold', async () => {
  expect(existsSync(paths.userConfig)).toBe(false)
  expect(await readTitle()).toBe('The Shop')
})

test('a file that replaces another by rename is seen without a restart', async () => {
  const changed = once(running.shop.watcher, 'change')
  writeFileSync(`${paths.userConfig}.new`, JSON.stringify({ name: 'Renamed' }))
  renameSync(`${paths.userConfig}.new`, paths.userConfig)
  await changed
  expect(await readTitle()).toBe('Renamed')
})

test('without the file the defaults are back', async () => {
  const changed = once(running.shop.watcher, 'change')
  rmSync(paths.userConfig)
  await changed
  expect(await readTitle()).toBe('The Shop')
})
