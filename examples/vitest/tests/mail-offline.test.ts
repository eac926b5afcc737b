import { once } from 'node:events'
import { lookup } from 'node:dns/promises'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { expect } from 'vitest'
import { listUnsent } from '../src/outbox.ts'
import { paths } from '../src/paths.ts'
import { takeOrder, test } from './support/shop.ts'

const documentationAddress = '198.51.100.25' // RFC 5737: no machine has it

test('an address outside is unreachable at once', async () => {
  const socket = connect({ host: documentationAddress, port: 25, timeout: 1_000 })
  socket.on('timeout', () => socket.destroy(new Error('no answer, but packets left')))
  const outcome = await once(socket, 'connect').then(
    () => 'connected',
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  )
  socket.destroy()
  expect(outcome).toBe('ENETUNREACH')
})

test('an unknown name is unknown at once', async () => {
  const startedMs = performance.now()
  await expect(lookup('smtp.shop.example')).rejects.toMatchObject({ code: 'ENOTFOUND' })
  expect(performance.now() - startedMs).toBeLessThan(500)
})

test('an order whose mail cannot be sent is taken, and its mail is kept', async () => {
  expect(await takeOrder()).toMatchObject({ id: 1, mailed: false })
  expect(listUnsent()).toMatchObject([
    { reason: 'ENOTFOUND', mail: { to: 'ann@customer.example' } },
  ])
})

test('a mail server by address is tried, in vain', async ({ shop }) => {
  const changed = once(shop.watcher, 'change')
  writeFileSync(paths.userConfig, JSON.stringify({ mailHost: documentationAddress }))
  await changed
  expect(await takeOrder()).toMatchObject({ id: 2, mailed: false })
  expect(listUnsent()).toMatchObject([{ reason: 'ENOTFOUND' }, { reason: 'ENETUNREACH' }])
})
