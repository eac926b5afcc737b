import { existsSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { exportOrders, git } from 'example-vitest-shop/src/exports.ts'
import { listOrders } from 'example-vitest-shop/src/orders.ts'
import { paths } from 'example-vitest-shop/src/paths.ts'
import { takeOrder, useShop } from './support/shop.ts'

const running = useShop()

test('each export is a commit in a repository that git init makes', async () => {
  expect(existsSync(paths.exports)).toBe(false)

  await takeOrder({ sku: 'tea', quantity: 3 })
  exportOrders(listOrders(running.shop.database), 'Monday')
  await takeOrder({ sku: 'mug', quantity: 2 })
  exportOrders(listOrders(running.shop.database), 'Tuesday')

  expect(git('log', '--format=%an: %s').trim().split('\n')).toEqual([
    'Shop: Tuesday',
    'Shop: Monday',
  ])
  expect(git('status', '--porcelain')).toBe('')
})
