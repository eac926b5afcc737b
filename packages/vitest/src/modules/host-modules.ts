import { readFile } from 'node:fs/promises'
import type { TestProject, Vite } from 'vitest/node'
import type { FetchResult, InsideModule } from '../channel/protocol.ts'
import { isExternal } from './external.ts'
import { createScratch, type Scratch } from './scratch.ts'

/** Transforms the modules that one worker has and the host has not. */
export class HostModules {
  readonly #project: TestProject
  readonly #scratches = new Map<string, Promise<Scratch>>()

  constructor(project: TestProject) {
    this.#project = project
  }

  async load(module: InsideModule): Promise<FetchResult | null> {
    if (!module.always && (await isOnHost(module))) return null
    if (isExternal(module, this.#project.config)) {
      return { externalize: module.id, type: 'module' }
    }
    const scratch = await this.#scratch(module.environment)
    scratch.add(module)
    return this.#transform(scratch.environment, module)
  }

  async close(): Promise<void> {
    for (const scratch of this.#scratches.values()) await (await scratch).environment.close()
  }

  /** Vitest 5 takes the map beside the code, Vitest 4 from a comment in it. */
  #withMap<Module extends { code: string }>(module: Module, sourceMap: string | undefined): Module {
    if (sourceMap === undefined) return module
    return this.#project.vitest.version.startsWith('4.')
      ? { ...module, code: withInlineMap(module.code, sourceMap) }
      : { ...module, sourceMap }
  }

  #scratch(name: string): Promise<Scratch> {
    const known = this.#scratches.get(name) ?? createScratch(this.#project, name)
    this.#scratches.set(name, known)
    return known
  }

  async #transform(environment: Vite.DevEnvironment, module: InsideModule): Promise<FetchResult> {
    try {
      const result = await environment.fetchModule(module.url, undefined, {
        inlineSourceMap: false,
      } as object)
      if (!('code' in result)) return result as FetchResult
      return this.#withMap({ ...result, invalidate: false }, sourceMapOf(environment, module.id))
    } catch (error) {
      throw sendable(error)
    }
  }
}

async function isOnHost({ file, content }: InsideModule): Promise<boolean> {
  return (await readFile(file, 'utf8').catch(() => null)) === content
}

function sourceMapOf(environment: Vite.DevEnvironment, id: string): string | undefined {
  const map = environment.moduleGraph.getModuleById(id)?.transformResult?.map
  if (!map || !('version' in map)) return undefined
  // As Vitest does: with a mapping for the first line, debuggers can stop there.
  const mappings = map.mappings.startsWith(';') ? `AAAA,CAAA${map.mappings}` : map.mappings
  return JSON.stringify({ ...map, mappings })
}

function withInlineMap(code: string, map: string): string {
  const comment = '//# sourceMappingURL=data:application/json;base64,'
  return `${code.trimEnd()}\n//# sourceMappingSource=vite-generated\n${comment}${Buffer.from(map).toString('base64')}\n`
}

interface PluginError extends Error {
  readonly plugin?: string
  readonly id?: string
  readonly loc?: unknown
  readonly frame?: string
}

/** Own properties of errors do not cross the channel; this is the object that Vitest sends for errors of plugins. */
function sendable(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { name, message, stack, cause, plugin, id, loc, frame } = error as PluginError
  if (plugin === undefined && id === undefined && frame === undefined) return error
  return { name, message, stack, cause, __vitest_rollup_error__: { plugin, id, loc, frame } }
}
