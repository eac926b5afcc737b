import { rmSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from '@jest/globals'
import { createBackup, restoreBackup } from 'example-vitest-shop/src/backup.ts'
import { openDatabase } from 'example-vitest-shop/src/database.ts'
import { listOrders } from 'example-vitest-shop/src/orders.ts'
import { paths } from 'example-vitest-shop/src/paths.ts'
import { takeOrder, useShop } from './support/shop.ts'

useShop()

test('a lost database comes back with the orders of the first backup', async () => {
  await takeOrder({ sku: 'tea' })
  const archive = await createBackup()
  expect(basename(archive)).toBe('backup-1.tar.gz')
  await takeOrder({ sku: 'kettle' })

  rmSync(paths.database)
  await restoreBackup(archive)

  const database = openDatabase()
  expect(listOrders(database).map(({ sku }) => sku)).toEqual(['tea'])
  database.close()
})
