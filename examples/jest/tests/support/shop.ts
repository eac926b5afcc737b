import { afterAll, beforeAll } from '@jest/globals'
import { startShop, type Shop } from 'example-vitest-shop/src/shop.ts'
import { now } from 'example-vitest-shop/tests/support/client.ts'

export { apiUrl, frontUrl, postOrder, takeOrder } from 'example-vitest-shop/tests/support/client.ts'

/** A running shop for a test file: ports 80 and 3000, its database, socket, pid file and cache. */
export function useShop(): { readonly shop: Shop } {
  const running: { shop?: Shop } = {}
  beforeAll(async () => {
    running.shop = await startShop({ now })
  })
  afterAll(() => running.shop?.close())
  return {
    get shop() {
      if (!running.shop) throw new Error('the shop has not started')
      return running.shop
    },
  }
}
