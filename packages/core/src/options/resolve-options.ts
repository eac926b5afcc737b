import type { NetnsOptions, ResolvedOptions } from './types.ts'

/**
 * Checks options and applies every default.
 *
 * @param raw what the user wrote; `undefined` means all defaults
 * @param origin the option's path for messages, such as `environmentOptions.netns`
 * @throws NetnsError `NETNS_OPTIONS_INVALID`, one line per mistake
 */
export function resolveOptions(raw: unknown, _origin: string): ResolvedOptions {
  const o = (raw ?? {}) as NetnsOptions
  return {
    fs: { mode: 'overlay', readonly: [], writable: [], hide: [], private: [], copy: [], bind: {}, keep: [], tmpSizeBytes: null, ...o.fs },
    net: { mode: 'loopback', services: 'auto', ...(typeof o.net === 'object' ? o.net : o.net ? { mode: o.net } : {}) },
    env: { allow: null, set: {}, ...(typeof o.env === 'object' ? o.env : {}) },
    hostname: o.hostname ?? 'netns',
    hosts: o.hosts ?? {},
    limits: o.limits ?? {},
    fallback: o.fallback ?? 'error',
    base: o.base ?? 'node',
  }
}
