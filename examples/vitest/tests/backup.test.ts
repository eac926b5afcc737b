import { basename } from 'node:path'
import { rmSync } from 'node:fs'
import { expect } from 'vitest'
import { createBackup, listBackup, restoreBackup } from '../src/backup.ts'
import { openDatabase } from '../src/database.ts'
import { listOrders } from '../src/orders.ts'
import { paths } from '../src/paths.ts'
import { takeOrder, test } from './support/shop.ts'

test('the first backup is number 1 and holds the database', async () => {
  await takeOrder({ sku: 'tea' })
  const archive = await createBackup()
  expect(basename(archive)).toBe('backup-1.tar.gz')
  expect(await listBackup(archive)).toEqual(['shop.db'])
})

test('a lost database comes back with the orders of the backup', async () => {
  await takeOrder({ sku: 'mug' })
  const archive = await createBackup()
  await takeOrder({ sku: 'kettle' })

  rmSync(paths.database)
  await restoreBackup(archive)

  const database = openDatabase()
  expect(listOrders(database).map(({ sku }) => sku)).toEqual(['tea', 'mug'])
  database.close()
})
