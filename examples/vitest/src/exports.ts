import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Order } from './orders.ts'
import { paths } from './paths.ts'

const repository = ['--git-dir=.git', '--work-tree=.']
const identity = [
  '-c',
  'user.name=Shop',
  '-c',
  'user.email=shop@shop.example',
  '-c',
  'commit.gpgSign=false',
]

export function git(...args: string[]): string {
  return execFileSync('git', [...repository, ...identity, ...args], {
    cwd: paths.exports,
    encoding: 'utf8',
  })
}

/** Writes the orders as CSV into a git repository of its own, so that the accountant sees what changed when. */
export function exportOrders(orders: Order[], message: string): void {
  mkdirSync(paths.exports, { recursive: true })
  if (!existsSync(join(paths.exports, '.git'))) git('init', '--quiet', '--initial-branch=main')
  const lines = orders.map(({ id, sku, quantity, totalCents }) =>
    [id, sku, quantity, totalCents].join(','),
  )
  writeFileSync(
    join(paths.exports, 'orders.csv'),
    `${['id,sku,quantity,totalCents', ...lines].join('\n')}\n`,
  )
  git('add', 'orders.csv')
  git('commit', '--quiet', '--message', message)
}
