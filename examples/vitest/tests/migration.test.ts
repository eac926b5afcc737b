import { DatabaseSync } from 'node:sqlite'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { beforeAll, expect } from 'vitest'
import { paths } from '../src/paths.ts'
import { apiUrl, takeOrder, test } from './support/shop.ts'

beforeAll(() => {
  mkdirSync(dirname(paths.database), { recursive: true })
  const old = new DatabaseSync(paths.database)
  old.exec(`
    CREATE TABLE products (sku TEXT PRIMARY KEY, name TEXT NOT NULL, priceCents INTEGER NOT NULL, stock INTEGER NOT NULL CHECK (stock >= 0));
    CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, sku TEXT NOT NULL, quantity INTEGER NOT NULL, totalCents INTEGER NOT NULL, placedAt TEXT NOT NULL);
    INSERT INTO products VALUES ('candle', 'Candle', 300, 2);
    INSERT INTO orders VALUES (41, 'candle', 1, 300, '2019-12-24T18:00:00.000Z');
    PRAGMA user_version = 1;
  `)
  old.close()
})

test('a database of the first version keeps its orders and gets the new column', async () => {
  const response = await fetch(`${apiUrl}/orders`)
  expect(await response.json()).toEqual([
    {
      id: 41,
      sku: 'candle',
      quantity: 1,
      totalCents: 300,
      placedAt: '2019-12-24T18:00:00.000Z',
      email: '',
    },
  ])
})

test('a new order continues the old numbers', async () => {
  expect(await takeOrder({ sku: 'candle' })).toMatchObject({
    id: 42,
    email: 'ann@customer.example',
  })
})
