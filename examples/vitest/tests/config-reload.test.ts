import { once } from 'node:events'
import { appendFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import { paths } from '../src/paths.ts'
import { frontUrl, test } from './support/shop.ts'

const readTitle = async (): Promise<string | undefined> =>
  /<h1>(.*)<\/h1>/.exec(await (await fetch(frontUrl)).text())?.[1]

test('a new file in HOME shows on the page without a restart', async ({ shop }) => {
  expect(await readTitle()).toBe('The Shop')
  const changed = once(shop.watcher, 'change')
  writeFileSync(paths.userConfig, JSON.stringify({ name: 'Written' }))
  await changed
  expect(await readTitle()).toBe('Written')
})

test('a file that replaces another by rename is seen', async ({ shop }) => {
  const changed = once(shop.watcher, 'change')
  writeFileSync(`${paths.userConfig}.new`, JSON.stringify({ name: 'Renamed' }))
  renameSync(`${paths.userConfig}.new`, paths.userConfig)
  await changed
  expect(await readTitle()).toBe('Renamed')
})

test('a file that is written in two parts counts when it is complete', async ({ shop }) => {
  const changed = once(shop.watcher, 'change')
  writeFileSync(paths.userConfig, '{ "name": ')
  appendFileSync(paths.userConfig, '"In two parts" }')
  await changed
  expect(await readTitle()).toBe('In two parts')
})

test('without the file the defaults are back', async ({ shop }) => {
  const changed = once(shop.watcher, 'change')
  rmSync(paths.userConfig)
  await changed
  expect(await readTitle()).toBe('The Shop')
})
