// @vitest-environment-options { "netns": { "hosts": { "smtp.shop.example": "127.0.0.1" } } }
import { beforeAll, expect } from 'vitest'
import { listUnsent } from '../src/outbox.ts'
import { type SmtpServer, startSmtpServer } from './support/smtp-server.ts'
import { takeOrder, test } from './support/shop.ts'

let smtp: SmtpServer
beforeAll(async () => {
  smtp = await startSmtpServer(25)
  return () => smtp.close()
})

test('the customer gets a mail by a real conversation with smtp.shop.example:25', async () => {
  expect(await takeOrder({ sku: 'tea', quantity: 2 })).toMatchObject({ mailed: true })
  expect(smtp.received).toMatchInlineSnapshot(`
    [
      "EHLO shop",
      "MAIL FROM:<orders@shop.example>",
      "RCPT TO:<ann@customer.example>",
      "DATA",
      "From: orders@shop.example",
      "To: ann@customer.example",
      "Subject: Your order 1",
      "",
      "Thank you for 2 x tea.",
      ".",
      "QUIT",
    ]
  `)
})

test('nothing waits in the outbox', () => {
  expect(listUnsent()).toEqual([])
})
