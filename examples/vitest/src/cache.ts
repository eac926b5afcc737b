import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from './paths.ts'

/** A cache on disk that survives restarts. Nobody ever empties it but `clearCache`. */
export async function cached<T>(
  key: string,
  compute: () => Promise<T>,
): Promise<{ value: T; hit: boolean }> {
  const file = join(paths.cache, `${key}.json`)
  try {
    return { value: JSON.parse(readFileSync(file, 'utf8')) as T, hit: true }
  } catch {
    const value = await compute()
    mkdirSync(paths.cache, { recursive: true })
    writeFileSync(file, JSON.stringify(value))
    return { value, hit: false }
  }
}

export function clearCache(): void {
  rmSync(paths.cache, { recursive: true, force: true })
}
