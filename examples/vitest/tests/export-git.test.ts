import { existsSync } from 'node:fs'
import { expect } from 'vitest'
import { exportOrders, git } from '../src/exports.ts'
import { listOrders } from '../src/orders.ts'
import { paths } from '../src/paths.ts'
import { takeOrder, test } from './support/shop.ts'

test('each export is a commit in a repository that git init makes', async ({ shop }) => {
  expect(existsSync(paths.exports)).toBe(false)

  await takeOrder({ sku: 'tea', quantity: 3 })
  exportOrders(listOrders(shop.database), 'Monday')
  await takeOrder({ sku: 'mug', quantity: 2 })
  exportOrders(listOrders(shop.database), 'Tuesday')

  expect(git('log', '--format=%an: %s').trim().split('\n')).toEqual([
    'Shop: Tuesday',
    'Shop: Monday',
  ])
  expect(git('diff', 'HEAD~', '--unified=0', '--', 'orders.csv')).toContain('\n+2,mug,2,1700\n')
})

test('a finished export leaves nothing to commit', () => {
  expect(git('status', '--porcelain')).toBe('')
})
