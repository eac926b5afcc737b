import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from '@jest/globals'
import { listUnsent } from 'example-vitest-shop/src/outbox.ts'
import { takeOrder, useShop } from './support/shop.ts'

useShop()

test('an address outside is unreachable at once', async () => {
  // RFC 5737: no machine has this address.
  const socket = connect({ host: '198.51.100.25', port: 25, timeout: 1_000 })
  socket.on('timeout', () => socket.destroy(new Error('no answer, but packets left')))
  await expect(once(socket, 'connect')).rejects.toMatchObject({ code: 'ENETUNREACH' })
})

test('an order whose mail cannot be sent is taken, and its mail is kept', async () => {
  expect(await takeOrder()).toMatchObject({ id: 1, mailed: false })
  expect(listUnsent()).toMatchObject([
    { reason: 'ENOTFOUND', mail: { to: 'ann@customer.example' } },
  ])
})
