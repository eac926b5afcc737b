import type Module from 'node:module'
import { createRequire } from 'node:module'
import type { ProcessPart } from './part.ts'

const { cache } = createRequire(import.meta.url)

/**
 * Forgets modules that files required. Those that Node loaded by `import` stay, since Node keeps them by their URL, and so do
 * those that they required: a package must not meet two copies of another. Native add-ons can be loaded once.
 */
export function requiredModules(): ProcessPart {
  const kept = new Set(Object.keys(cache))
  return {
    restore() {
      const added = Object.keys(cache).filter((path) => !kept.has(path))
      if (added.length === 0) return
      for (const path of added) {
        const module = cache[path]
        if (module && (isImported(module) || path.endsWith('.node'))) keep(module, kept)
      }
      for (const path of added) if (!kept.has(path)) Reflect.deleteProperty(cache, path)
    },
  }
}

/** Modules that another one required have a parent. */
function isImported(module: Module): boolean {
  return Reflect.get(module, 'parent') === undefined
}

function keep(module: Module, kept: Set<string>): void {
  if (kept.has(module.filename)) return
  kept.add(module.filename)
  for (const child of module.children) keep(child, kept)
}
