import { EventEmitter } from 'node:events'
import { mkdirSync, watch } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { type Config, loadConfig } from './config.ts'
import { paths } from './paths.ts'

/** Keeps the configuration current: emits `change` after the user's file was written, replaced or removed. */
export class ConfigWatcher extends EventEmitter<{ change: [Config] }> {
  current: Config = loadConfig()
  readonly #watcher

  constructor() {
    super()
    mkdirSync(paths.userConfigDir, { recursive: true })
    // The directory, not the file: editors save by renaming a new file over the old one.
    this.#watcher = watch(paths.userConfigDir, () => this.#reload())
  }

  close(): void {
    this.#watcher.close()
  }

  #reload(): void {
    let next: Config
    try {
      next = loadConfig()
    } catch {
      return // half-written: another event follows when the writer goes on
    }
    if (isDeepStrictEqual(next, this.current)) return
    this.current = next
    this.emit('change', next)
  }
}
