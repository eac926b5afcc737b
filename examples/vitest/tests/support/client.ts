import type { NewOrder, Order } from '../../src/orders.ts'
import { ports } from '../../src/paths.ts'

/** The time in every test. */
export const now = (): Date => new Date('2026-03-14T09:26:53Z')

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
