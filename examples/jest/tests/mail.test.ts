/**
 * @jest-environment-options { "netns": { "hosts": { "smtp.shop.example": "127.0.0.1" } } }
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { listUnsent } from 'example-vitest-shop/src/outbox.ts'
import { startSmtpServer, type SmtpServer } from 'example-vitest-shop/tests/support/smtp-server.ts'
import { takeOrder, useShop } from './support/shop.ts'

useShop()
let smtp: SmtpServer
beforeAll(async () => {
  smtp = await startSmtpServer(25)
})
afterAll(() => smtp.close())

test('the customer gets a mail by a real conversation with smtp.shop.example:25', async () => {
  expect(await takeOrder({ sku: 'tea', quantity: 2 })).toMatchObject({ mailed: true })
  expect(smtp.received).toContain('Subject: Your order 1')
  expect(listUnsent()).toEqual([])
})
