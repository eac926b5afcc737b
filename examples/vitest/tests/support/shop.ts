import { test as base } from 'vitest'
import type { NewOrder, Order } from '../../src/orders.ts'
import { ports } from '../../src/paths.ts'
import { startShop } from '../../src/shop.ts'

const now = (): Date => new Date('2026-03-14T09:26:53Z')

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

export const apiUrl = `http://localhost:${ports.api}`
export const frontUrl = `http://localhost:${ports.front}`

export type TakenOrder = Order & { mailed: boolean; receipt: string }

export function postOrder(order: Partial<NewOrder>): Promise<Response> {
  const body = JSON.stringify({ sku: 'mug', quantity: 1, email: 'ann@customer.example', ...order })
  return fetch(`${apiUrl}/orders`, { method: 'POST', body })
}

export async function takeOrder(order: Partial<NewOrder> = {}): Promise<TakenOrder> {
  const response = await postOrder(order)
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`)
  return (await response.json()) as TakenOrder
}
