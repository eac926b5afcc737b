import { createRequire, syncBuiltinESMExports } from 'node:module'
import type { ProcessPart } from './part.ts'
import { Properties } from './properties.ts'

const require = createRequire(import.meta.url)

/** Those that every worker has loaded, and tests and their packages patch. */
const moduleNames =
  'fs fs/promises http net dns dgram os path url buffer util timers timers/promises child_process events stream module'
const namespaces = 'Math JSON Reflect Intl Symbol BigInt performance console'
const constructors =
  'Object Function Array String Number Boolean Date RegExp Promise Error TypeError RangeError SyntaxError ' +
  'Map Set WeakMap WeakSet ArrayBuffer Uint8Array Buffer URL URLSearchParams EventTarget Event AbortController AbortSignal'

type Constructor = abstract new (...values: never[]) => unknown

/** Patched functions and prototypes of the language and of Node. */
export function builtIns(): ProcessPart {
  const modules = moduleNames.split(' ').map((name) => require(name) as object)
  const others = [
    ...globalsOf<object>(namespaces),
    ...globalsOf<Constructor>(constructors).flatMap((constructor) => [
      constructor,
      constructor.prototype as object,
    ]),
    ...modules.flatMap((exports) => prototypesOf(exports)),
  ]
  const ofModules = [...new Set(modules)].map((exports) => new Properties(exports, isInternal))
  const ofOthers = [...new Set(others)].map((object) => new Properties(object, isInternal))
  const all = [...ofModules, ...ofOthers]
  return {
    restore() {
      for (const properties of ofOthers) properties.restore()
      const changed = ofModules.filter((properties) => properties.restore())
      if (changed.length > 0) syncBuiltinESMExports()
    },
    keepChanges() {
      const before = all.map((properties) => properties.read())
      return () => {
        for (const [index, properties] of all.entries())
          properties.keepChangesSince(before[index] ?? new Map())
      }
    },
  }
}

function globalsOf<Global>(names: string): Global[] {
  return names.split(' ').map((name) => Reflect.get(globalThis, name) as Global)
}

/** Bookkeeping of emitters, which is no property of the user's. */
function isInternal(key: PropertyKey): boolean {
  return typeof key === 'string' && (key.startsWith('_') || key === 'exitCode' || key === 'env')
}

function prototypesOf(exports: object): object[] {
  const classes = ['Agent', 'ClientRequest', 'Server', 'Socket', 'EventEmitter']
  return classes.flatMap((name) => {
    const { prototype } = (Reflect.get(exports, name) ?? {}) as { readonly prototype?: object }
    return prototype ?? []
  })
}
