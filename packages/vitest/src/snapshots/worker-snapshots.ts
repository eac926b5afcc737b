import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { SnapshotEnvironment as PublicEnvironment } from 'vitest/runtime'
import type { WorkerChannel } from '../channel/worker-channel.ts'

/** Vitest's own environments have one more method. */
interface SnapshotEnvironment extends PublicEnvironment {
  prepareDirectory?(path: string): Promise<void>
}

export interface SnapshotOptions {
  snapshotEnvironment: SnapshotEnvironment | null
}

/**
 * Vitest's worker writes the snapshots. This carries what it, or the user's own `snapshotEnvironment`, writes
 * inside to the host as well. Vitest assigns the environment once it has loaded it.
 */
export function carrySnapshots(options: SnapshotOptions, channel: WorkerChannel): void {
  if (Object.getOwnPropertyDescriptor(options, 'snapshotEnvironment')?.set) return
  let carried = options.snapshotEnvironment && carry(options.snapshotEnvironment, channel)
  Object.defineProperty(options, 'snapshotEnvironment', {
    configurable: true,
    enumerable: true,
    get: () => carried,
    set(environment: SnapshotEnvironment | null) {
      carried = environment && carry(environment, channel)
    },
  })
}

function carry(environment: SnapshotEnvironment, channel: WorkerChannel): SnapshotEnvironment {
  const carriers: Partial<SnapshotEnvironment> = {
    async saveSnapshotFile(path, snapshot) {
      await environment.saveSnapshotFile(path, snapshot)
      // An environment of the user may store something else than it was given, or elsewhere.
      if (existsSync(path))
        await channel.call('saveSnapshot', { path, content: await readFile(path) })
    },
    async removeSnapshotFile(path) {
      await environment.removeSnapshotFile(path)
      if (!existsSync(path)) await channel.call('removeSnapshot', path)
    },
    async prepareDirectory(path) {
      await environment.prepareDirectory?.(path)
      if (existsSync(path)) await channel.call('prepareDirectory', path)
    },
  }
  return new Proxy(environment, {
    get(target, key) {
      const carrier = carriers[key as keyof SnapshotEnvironment]
      if (carrier && Reflect.has(target, key)) return carrier
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
