import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readFirstLine } from '../src/first-line.ts'
import { paths, sourceDir } from '../src/paths.ts'
import { apiUrl, frontUrl, takeOrder } from './support/shop.ts'

async function startProcess(): Promise<ChildProcess> {
  const shop = spawn(process.execPath, [join(sourceDir, 'main.ts')], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void shop.kill('SIGKILL'))
  expect(await readFirstLine(shop.stdout)).toBe('ready')
  return shop
}

test('a shop that was killed leaves its socket and pid file, and the next one starts all the same', async () => {
  const first = await startProcess()
  await takeOrder()
  first.kill('SIGKILL')
  await once(first, 'exit')
  expect([existsSync(paths.socket), existsSync(paths.pidFile)]).toEqual([true, true])

  const second = await startProcess()
  expect(Number(readFileSync(paths.pidFile, 'utf8'))).toBe(second.pid)
  expect(await (await fetch(`${apiUrl}/orders`)).json()).toHaveLength(1)
})

test('a shop that is told to end leaves neither, and ends with 0', async () => {
  const shop = await startProcess()
  expect((await fetch(frontUrl)).status).toBe(200)
  shop.kill('SIGTERM')
  expect(await once(shop, 'exit')).toEqual([0, null])
  expect([existsSync(paths.socket), existsSync(paths.pidFile)]).toEqual([false, false])
})
