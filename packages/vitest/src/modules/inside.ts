import { existsSync, readFileSync, statSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { FetchResult } from '../channel/protocol.ts'
import type { WorkerChannel } from '../channel/worker-channel.ts'
import { isFresh } from './fresh.ts'
import { locate, splitPostfix, withoutOriginal, type Located } from './locate.ts'
import { isNative } from './native.ts'
import type { RunnerTransport, VitestModuleRunner } from './vitest-runner.ts'

export interface InsideOptions {
  readonly channel: WorkerChannel
  readonly root: string
  /** When the file began, before any code of the user. */
  readonly startedMs: () => number
  readonly environment: () => string
}

/**
 * Vite resolves and transforms modules in the runner's process, from the host's files. This makes a module
 * that the test wrote, changed or deleted come from inside instead. As in Vite's module graph, what an id
 * first loaded stays until the worker ends, or forgets its modules.
 */
export function loadModulesInside(
  runner: VitestModuleRunner,
  options: InsideOptions,
): InsideModules | null {
  const transport = runner.vitestOptions?.transport
  // `experimental.viteModuleRunner: false`: Node itself loads the modules, inside.
  if (!transport) return null
  const inside = new InsideModules(runner, { ...transport }, options)
  transport.fetchModule = (id, importer, fetchOptions) => inside.fetch(id, importer, fetchOptions)
  transport.resolveId = (id, importer) => inside.resolve(id, importer)
  if (runner.mocker?.options) runner.mocker.options.resolveId = transport.resolveId
  return inside
}

export class InsideModules {
  readonly #runner: VitestModuleRunner
  readonly #host: RunnerTransport
  readonly #options: InsideOptions
  /** By id. `null`: the host's module. */
  readonly #loaded = new Map<string, Promise<FetchResult | null>>()

  constructor(runner: VitestModuleRunner, host: RunnerTransport, options: InsideOptions) {
    this.#runner = runner
    this.#host = host
    this.#options = options
  }

  /** For a file with fresh modules. */
  forget(): void {
    this.#loaded.clear()
  }

  async fetch(
    id: string,
    importer: string | undefined,
    options: { readonly cached?: boolean } | undefined,
  ): Promise<FetchResult> {
    if (options?.cached) return this.#host.fetchModule(id, importer, options)
    const located = this.#locate(id, importer)
    const loaded =
      located &&
      (await this.#loadLocated(id, located).catch((error: unknown) => {
        throw isLoadFailure(error) ? notFound(id, importer) : error
      }))
    if (loaded) return loaded
    const result = await this.#fetchHost(id, importer, options, located)
    return this.#replaceStale(id, importer, result, located)
  }

  async resolve(id: string, importer: string | undefined) {
    const resolved = await this.#host.resolveId(id, importer)
    if (resolved) return resolved
    const located = this.#locate(id, importer)
    if (!located) return null
    const moduleId = located.file + located.postfix
    return { id: moduleId, file: located.file, url: this.#url(moduleId) }
  }

  #locate(id: string, importer: string | undefined): Located | null {
    return isSpecialImport(id) ? null : locate(id, importer, this.#options.root)
  }

  async #loadLocated(id: string, located: Located): Promise<FetchResult | null> {
    const moduleId = located.file + located.postfix
    const known = this.#loaded.get(moduleId)
    if (known) return known
    if (!isFresh(located.stats, this.#options.startedMs())) {
      this.#loaded.set(moduleId, Promise.resolve(null))
      return null
    }
    await this.#runner.mocker?.resolveMocks?.()
    const mock = this.#runner.mocker?.getDependencyMockByUrl?.(id)?.type
    if (mock === 'manual' || mock === 'redirect') return null
    return this.#load(moduleId, located.file)
  }

  #load(id: string, file: string, always = false): Promise<FetchResult | null> {
    const loading = this.#options.channel.call('loadModule', {
      id,
      file,
      url: this.#url(id),
      always,
      content: readFileSync(file, 'utf8'),
      environment: this.#options.environment(),
      native: isNative(file),
    })
    this.#loaded.set(id, loading)
    loading.catch(() => this.#loaded.delete(id))
    return loading
  }

  /**
   * What the host cannot resolve may exist inside: a package, or an import of a module (in the `client`
   * environment Vite refuses the importer), which is then loaded from there with its importer.
   */
  async #fetchHost(
    id: string,
    importer: string | undefined,
    options: { readonly cached?: boolean } | undefined,
    located: Located | null,
  ): Promise<FetchResult> {
    try {
      return await this.#host.fetchModule(id, importer, options)
    } catch (error) {
      const file = located
        ? this.#importExistsInside(error, located.file) && located.file
        : resolvePackage(id, importer)
      const result = file && (await this.#load(file + (located?.postfix ?? ''), file, true))
      if (!result) throw error
      return result
    }
  }

  #importExistsInside(error: unknown, importer: string): boolean {
    const { message } = error as Partial<Error>
    const missing = /Failed to resolve import "([^"]+)"/.exec(message ?? '')?.[1]
    return missing !== undefined && this.#locate(missing, importer) !== null
  }

  /** For names that only Vite can resolve (aliases, packages), the file is known after its answer. */
  async #replaceStale(
    id: string,
    importer: string | undefined,
    result: FetchResult,
    located: Located | null,
  ): Promise<FetchResult> {
    if (!('file' in result) || result.file === null || !isAbsolute(result.file)) return result
    const { file } = result
    if (file === located?.file) return result
    const stats = statSync(file, { throwIfNoEntry: false })
    if (!stats) return this.#refuseDeleted(id, importer, result, file)
    if (!stats.isFile() || isSpecialImport(result.id)) return result
    const postfix = splitPostfix(result.id)[1]
    return (await this.#loadLocated(id, { file, postfix, stats })) ?? result
  }

  /** A virtual module's name may look like a path: only what the host has was deleted here. */
  async #refuseDeleted(
    id: string,
    importer: string | undefined,
    result: FetchResult,
    file: string,
  ): Promise<FetchResult> {
    if (!(await this.#options.channel.call('fileExists', file))) return result
    throw notFound(id, importer)
  }

  #url(id: string): string {
    const { root } = this.#options
    return id.startsWith(`${root}/`) ? id.slice(root.length) : `/@fs${id}`
  }
}

/** Imports whose result is no module of the file's content. */
function isSpecialImport(id: string): boolean {
  return /[?&](?:url|inline|no-inline|init|worker|sharedworker|worker_file|vue|svelte|astro)\b/.test(
    id,
  )
}

/** Vite's error for a file that it cannot, or may not, load. */
function isLoadFailure(error: unknown): boolean {
  return (error as Partial<Error>).message?.includes('Failed to load url') ?? false
}

/** The error that Vitest makes of it. */
function notFound(id: string, importer: string | undefined): Error {
  const name = withoutOriginal(id)
  const kind = /^[./]|^file:/.test(name) ? 'module' : 'package'
  const where = importer === undefined ? '' : ` imported from ${importer}`
  const error = new Error(`Cannot find ${kind} '${name}'${where}`)
  return Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' })
}

/** By Node's rules; Vitest starts its workers with the flag that gives `import.meta.resolve` its second argument. */
function resolvePackage(id: string, importer: string | undefined): string | null {
  const [name] = splitPostfix(withoutOriginal(id))
  if (importer === undefined || !/^(?:@[\w-]|\w|#)/.test(name)) return null
  try {
    const url = import.meta.resolve(name, pathToFileURL(importer).href)
    const file = url.startsWith('file:') ? fileURLToPath(url) : null
    return file !== null && existsSync(file) ? file : null
  } catch {
    return null
  }
}
