import picomatch from 'picomatch'
import type { ResolvedOptions } from '../options/types.ts'

/**
 * The environment that a test sees: variables whose name matches `allow`, then `set`.
 *
 * @example
 * filterEnv(process.env, { allow: ['PATH', 'npm_*'], set: { TZ: 'UTC' } })
 */
export function filterEnv(
  env: Readonly<Record<string, string | undefined>>,
  options: ResolvedOptions['env'],
): Record<string, string> {
  const isAllowed =
    options.allow === null ? () => true : picomatch([...options.allow], { dot: true })
  const seen = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && isAllowed(entry[0]),
  )
  return { ...Object.fromEntries(seen), ...options.set }
}
