import { expect, test } from '@jest/globals'
import { frontUrl, takeOrder, useShop } from './support/shop.ts'

useShop()

test('the public page on port 80 shows prices with VAT', async () => {
  const response = await fetch(frontUrl)
  expect(response.headers.get('content-type')).toBe('text/html')
  expect(await response.text()).toMatchSnapshot()
})

test('the page shows the stock that an order left', async () => {
  await takeOrder({ sku: 'kettle', quantity: 5 })
  const response = await fetch(frontUrl)
  expect(await response.text()).toMatchSnapshot()
})

test('the page answers on IPv4, on IPv6 and by name', async () => {
  const urls = ['http://127.0.0.1/', 'http://[::1]/', 'http://localhost/']
  const answers = await Promise.all(urls.map((url) => fetch(url)))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
})
