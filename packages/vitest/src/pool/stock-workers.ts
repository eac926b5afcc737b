import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { PoolOptions, PoolRunnerInitializer, PoolWorker, Vitest } from 'vitest/node'
import { ENVIRONMENT_NAME, POOL_NAME } from '../names.ts'

/** Makes the workers that files of other environments have without the plugin. */
export type CreateStockWorker = (options: PoolOptions) => PoolWorker

/** @param users the pool of the user's own config, where it is no built-in one */
export async function stockWorkers(
  vitest: Vitest,
  users: PoolRunnerInitializer | undefined,
): Promise<CreateStockWorker> {
  if (users) return (options) => adopt(users.createPoolWorker(options))
  const node = (await import(
    pathToFileURL(join(vitest.distPath, 'node.js')).href
  )) as typeof import('vitest/node')
  return (options) => adopt(new node.ForksPoolWorker(options))
}

/** Vitest gives a worker more files where its name is the pool's and `canReuse`, if it has one, agrees. */
function adopt(worker: PoolWorker): PoolWorker {
  Object.defineProperty(worker, 'name', { value: POOL_NAME })
  const canReuse = worker.canReuse?.bind(worker)
  if (canReuse) {
    worker.canReuse = (task) => task.context.environment.name !== ENVIRONMENT_NAME && canReuse(task)
  }
  return worker
}
