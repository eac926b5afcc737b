import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { expect } from 'vitest'
import { paths } from '../src/paths.ts'
import { takeOrder, test } from './support/shop.ts'

async function ask(command: string): Promise<string> {
  const socket = connect(paths.socket).setEncoding('utf8')
  socket.write(`${command}\n`)
  const [answer] = (await once(socket, 'data')) as [string]
  socket.destroy()
  return answer.trim()
}

test('/tmp/shop.sock is a socket and answers', async () => {
  expect(statSync(paths.socket).isSocket()).toBe(true)
  expect(await ask('status')).toBe('The Shop: 0 orders, 0 unsent mails')
})

test('the status counts orders and the mails that wait', async () => {
  await takeOrder()
  expect(await ask('status')).toBe('The Shop: 1 orders, 1 unsent mails')
  expect(await ask('flush')).toBe('not sent: ENOTFOUND')
})

test('an unknown command is answered with the known ones', async () => {
  expect(await ask('reboot')).toBe("unknown command 'reboot'; known: status, flush")
})

test('/run/shop.pid names the process that runs the shop', () => {
  expect(Number(readFileSync(paths.pidFile, 'utf8'))).toBe(process.pid)
})
