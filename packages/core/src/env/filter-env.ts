import type { ResolvedOptions } from '../options/types.ts'

/** The environment that a test sees: variables whose name matches `allow`, then `set`. */
export function filterEnv(
  env: Readonly<Record<string, string | undefined>>,
  _options: ResolvedOptions['env'],
): Record<string, string> {
  return { ...env } as Record<string, string>
}
