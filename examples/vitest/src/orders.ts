import type { DatabaseSync } from 'node:sqlite'

export interface Product {
  sku: string
  name: string
  priceCents: number
  stock: number
}

export interface NewOrder {
  sku: string
  quantity: number
  email: string
}

export interface Order extends NewOrder {
  id: number
  totalCents: number
  placedAt: string
}

export class OrderRejected extends Error {
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.name = 'OrderRejected'
    this.status = status
  }
}

export function listProducts(database: DatabaseSync): Product[] {
  return database
    .prepare('SELECT sku, name, priceCents, stock FROM products ORDER BY sku')
    .all() as unknown as Product[]
}

export function listOrders(database: DatabaseSync): Order[] {
  const rows = database
    .prepare('SELECT id, sku, quantity, email, totalCents, placedAt FROM orders ORDER BY id')
    .all()
  return rows as unknown as Order[]
}

/** Takes the stock and writes the order, or does neither. */
export function placeOrder(database: DatabaseSync, order: NewOrder, placedAt: Date): Order {
  if (!Number.isInteger(order.quantity) || order.quantity < 1) {
    throw new OrderRejected('quantity must be 1 or more', 400)
  }
  const product = listProducts(database).find(({ sku }) => sku === order.sku)
  if (!product) throw new OrderRejected(`no product '${order.sku}'`, 404)

  const take = database.prepare(
    'UPDATE products SET stock = stock - :quantity WHERE sku = :sku AND stock >= :quantity',
  )
  const insert = database.prepare(
    'INSERT INTO orders (sku, quantity, email, totalCents, placedAt) VALUES (?, ?, ?, ?, ?)',
  )
  const totalCents = product.priceCents * order.quantity

  database.exec('BEGIN IMMEDIATE')
  try {
    const { changes } = take.run({ sku: order.sku, quantity: order.quantity })
    if (changes === 0) throw new OrderRejected(`only ${product.stock} of '${order.sku}' left`, 409)
    const { lastInsertRowid } = insert.run(
      order.sku,
      order.quantity,
      order.email,
      totalCents,
      placedAt.toISOString(),
    )
    database.exec('COMMIT')
    return { id: Number(lastInsertRowid), ...order, totalCents, placedAt: placedAt.toISOString() }
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}
