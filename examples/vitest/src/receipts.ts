import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Order } from './orders.ts'

/** Writes a receipt for the printer into a new temporary directory, which nobody ever removes. */
export function printReceipt(order: Order, currency: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'shop-receipt-')), 'receipt.txt')
  writeFileSync(
    file,
    `Order ${order.id}\n${order.quantity} x ${order.sku}\n${(order.totalCents / 100).toFixed(2)} ${currency}\n`,
  )
  return file
}
