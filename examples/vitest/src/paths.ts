import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Everything here is fixed on purpose: this is how applications are deployed, and what makes them hard to test. */
export const ports = { front: 80, api: 3000, search: 3100 }

export const sourceDir = fileURLToPath(new URL('.', import.meta.url))

/** Where the shop is started. */
export const projectDir = process.cwd()

export const paths = {
  database: join(projectDir, 'data/shop.db'),
  outbox: join(projectDir, 'data/outbox'),
  exports: join(projectDir, 'data/exports'),
  backups: join(projectDir, 'data/backups'),
  artifacts: join(projectDir, 'artifacts'),
  generated: join(projectDir, 'src/generated'),
  systemConfig: '/etc/shop/shop.json',
  userConfigDir: join(homedir(), '.config/shop'),
  userConfig: join(homedir(), '.config/shop/config.json'),
  cache: '/tmp/shop-cache',
  socket: '/tmp/shop.sock',
  pidFile: '/run/shop.pid',
}
