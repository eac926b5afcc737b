import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { TestProject, Vite } from 'vitest/node'
import type { InsideModule } from '../channel/protocol.ts'

/** What the scratch environments have beside the host's files, by id and by URL. */
const scratchFiles = new WeakMap<object, Map<string, InsideModule>>()

/** The Vite that the user's Vitest runs on. */
async function importVite(distPath: string): Promise<typeof Vite> {
  const manifest = createRequire(join(distPath, 'node.js')).resolve('vite/package.json')
  return (await import(
    pathToFileURL(join(dirname(manifest), 'dist/node/index.js')).href
  )) as typeof Vite
}

/** An environment with modules of its own, which never reach the files of other workers. */
export interface Scratch {
  readonly environment: Vite.DevEnvironment
  add(module: InsideModule): void
}

/** Like the project's environment of that name, with every plugin, but with an empty module graph. */
export async function createScratch(project: TestProject, name: string): Promise<Scratch> {
  const vite = await importVite(project.vitest.distPath)
  const shared = project.vite.environments[name]
  const environment = new vite.DevEnvironment(name, project.vite.config, {
    hot: false,
    ...(shared?.depsOptimizer ? { depsOptimizer: shared.depsOptimizer } : {}),
  })
  // Vite warns once for each source map whose sources are not on the host.
  environment.logger = { ...environment.logger, warnOnce() {} }
  const files = new Map<string, InsideModule>()
  scratchFiles.set(environment, files)
  await environment.init()
  return {
    environment,
    add(module) {
      // Vitest loads any file for its own environments; for `client`, `server.fs.allow` holds.
      const { file, id } = module
      if (name === 'client' && !vite.isFileLoadingAllowed(project.vite.config, file)) return
      files.set(id, module)
      files.set(module.url, module)
    },
  }
}

/** Gives a scratch environment its files, before any other plugin looks for them on the host. */
export const scratchHooks = {
  resolveId: {
    order: 'pre',
    async handler(id, importer, options) {
      const files = scratchFiles.get(this.environment)
      if (!files) return null
      const file = files.get(id)
      if (file) return file.id
      // Other environments leave an unresolved import to the worker; `client` refuses it.
      const isRelative = importer !== undefined && /^\.\.?\//.test(id)
      if (this.environment.name !== 'client' || !isRelative) return null
      const resolved = await this.resolve(id, importer, { ...options, skipSelf: true })
      return resolved ?? join(dirname(importer), id)
    },
  },
  load: {
    order: 'pre',
    handler(id) {
      const content = scratchFiles.get(this.environment)?.get(id)?.content
      if (content === undefined) return null
      if (/[?&]raw\b/.test(id)) return `export default ${JSON.stringify(content)}`
      const isAsset = this.environment.config.assetsInclude(id.replace(/[?#].*$/, ''))
      return isAsset ? null : content
    },
  },
} satisfies Pick<Vite.Plugin, 'resolveId' | 'load'>
