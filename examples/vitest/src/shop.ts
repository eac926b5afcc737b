import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:net'
import type { DatabaseSync } from 'node:sqlite'
import { createAdmin } from './admin.ts'
import { createApi } from './api.ts'
import type { Config } from './config.ts'
import { ConfigWatcher } from './config-watcher.ts'
import { openDatabase } from './database.ts'
import { createFront } from './front.ts'
import { paths, ports } from './paths.ts'

export interface ShopContext {
  database: DatabaseSync
  config: () => Config
  now: () => Date
}

export interface Shop extends ShopContext {
  watcher: ConfigWatcher
  close(): Promise<void>
}

/** Starts the shop: one a machine, on its fixed ports, socket and files. */
export async function startShop({ now = () => new Date() } = {}): Promise<Shop> {
  const watcher = new ConfigWatcher()
  const context: ShopContext = { database: openDatabase(), config: () => watcher.current, now }
  const api = createApi(context)
  const front = createFront(context)
  const admin = createAdmin(context)

  await listen(front, { port: ports.front })
  await listen(api, { port: ports.api, host: '127.0.0.1' })
  // Both ports are ours, so no other shop is alive: what it left behind can go.
  writeFileSync(paths.pidFile, `${process.pid}\n`)
  rmSync(paths.socket, { force: true })
  await listen(admin, { path: paths.socket })

  const close = async (): Promise<void> => {
    watcher.close()
    await Promise.all([api, front, admin].map((server) => server[Symbol.asyncDispose]()))
    context.database.close()
    rmSync(paths.pidFile)
  }
  return { ...context, watcher, close }
}

async function listen(
  server: Server,
  where: { port?: number; host?: string; path?: string },
): Promise<void> {
  server.listen(where)
  await once(server, 'listening')
}
