import { readFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'

/** Node can import the file as it is: Vitest's own rule for files of packages. */
export function isNative(file: string): boolean {
  const extension = extname(file)
  if (['.mjs', '.cjs', '.node', '.wasm'].includes(extension)) return true
  if (extension !== '.js') return false
  return packageType(dirname(file)) === 'module' || !hasModuleSyntax(readFileSync(file, 'utf8'))
}

function packageType(directory: string): string | undefined {
  try {
    const { type } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
      type?: string
    }
    return type
  } catch {
    const parent = dirname(directory)
    return parent === directory ? undefined : packageType(parent)
  }
}

function hasModuleSyntax(source: string): boolean {
  return /^\s*(?:import\b(?!\s*\()|export\b)/m.test(source)
}
