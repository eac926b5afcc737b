import { test as base } from 'vitest'
import { startShop } from '../../src/shop.ts'
import { now } from './client.ts'

export { apiUrl, frontUrl, postOrder, takeOrder } from './client.ts'

/** Every test file has a running shop: ports 80 and 3000, its database, socket, pid file and cache. */
export const test = base.extend(
  'shop',
  { scope: 'file', auto: true },
  async ({}, { onCleanup }) => {
    const shop = await startShop({ now })
    onCleanup(() => shop.close())
    return shop
  },
)
