import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { expect, test } from '@jest/globals'
import { paths } from 'example-vitest-shop/src/paths.ts'
import { useShop } from './support/shop.ts'

useShop()

test('/tmp/shop.sock answers, and /run/shop.pid names the process that runs the shop', async () => {
  const socket = connect(paths.socket).setEncoding('utf8')
  socket.write('status\n')
  const [answer] = (await once(socket, 'data')) as [string]
  socket.destroy()
  expect(answer).toBe('The Shop: 0 orders, 0 unsent mails\n')
  expect(Number(readFileSync(paths.pidFile, 'utf8'))).toBe(process.pid)
})
