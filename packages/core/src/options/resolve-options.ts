import * as v from 'valibot'
import { NetnsError } from '../errors/netns-error.ts'
import { describeIssue } from './describe-issue.ts'
import { isolateKeys, isolateSchema, optionKeys, optionsSchema, type KnownKeys } from './schema.ts'
import type { Framework, NetnsOptions, ResolvedOptions } from './types.ts'

/**
 * Checks options and applies every default.
 *
 * @param raw what the user wrote; `undefined` means all defaults
 * @param origin the option's path for messages, such as `environmentOptions.netns`
 * @param isRoot whether tests run as root, where `limits.processes` has no effect and is refused
 * @param framework whose options they are: some exist for one only
 * @throws NetnsError `NETNS_OPTIONS_INVALID`, one line per mistake
 *
 * @example
 * resolveOptions({ fs: { hidee: ['/root'] } }, 'environmentOptions.netns')
 * // NETNS_OPTIONS_INVALID … environmentOptions.netns.fs.hidee: unknown option, did you mean "hide"?
 */
export function resolveOptions(
  raw: unknown,
  origin: string,
  isRoot: boolean = process.geteuid?.() === 0,
  framework: Framework = 'vitest',
): ResolvedOptions {
  check(optionsSchema(isRoot, framework), raw ?? {}, origin, optionKeys(framework))
  return applyDefaults((raw ?? {}) as NetnsOptions, framework)
}

/**
 * Checks the options of `isolate()`.
 *
 * @throws NetnsError `NETNS_OPTIONS_INVALID`, one line per mistake
 */
export function checkIsolateOptions(raw: unknown, origin = 'isolate()'): void {
  check(isolateSchema(), raw, origin, isolateKeys)
}

function check(schema: v.GenericSchema, raw: unknown, origin: string, keys: KnownKeys): void {
  const result = v.safeParse(schema, raw)
  if (result.success) return
  const lines = result.issues.map((issue) => describeIssue(issue, origin, keys))
  throw new NetnsError('NETNS_OPTIONS_INVALID', { detail: [...new Set(lines)].join('\n') })
}

function applyDefaults(options: NetnsOptions, framework: Framework): ResolvedOptions {
  return {
    fs: resolveFs(options.fs ?? {}),
    net: resolveNet(options.net ?? {}),
    env: resolveEnv(options.env ?? 'inherit'),
    hostname: options.hostname ?? 'netns',
    hosts: options.hosts ?? {},
    limits: options.limits ?? {},
    fallback: options.fallback ?? 'error',
    base: options.base ?? 'node',
    reuse: framework === 'jest' ? options.isolation !== 'process' : (options.reuse ?? false),
    perTest: resolvePerTest(options.perTest ?? false),
  }
}

function resolvePerTest(perTest: NonNullable<NetnsOptions['perTest']>): ResolvedOptions['perTest'] {
  return perTest === true ? {} : perTest || null
}

function resolveFs(fs: NonNullable<NetnsOptions['fs']>): ResolvedOptions['fs'] {
  return {
    mode: fs.mode ?? 'overlay',
    readonly: fs.readonly ?? [],
    writable: fs.writable ?? [],
    hide: fs.hide ?? [],
    private: fs.private ?? [],
    copy: fs.copy ?? [],
    bind: fs.bind ?? {},
    keep: fs.keep ?? [],
    tmpSizeBytes: fs.tmpSizeBytes ?? null,
  }
}

function resolveNet(net: NonNullable<NetnsOptions['net']>): ResolvedOptions['net'] {
  const { mode = 'loopback', services = 'auto' } = typeof net === 'string' ? { mode: net } : net
  return { mode, services }
}

function resolveEnv(env: NonNullable<NetnsOptions['env']>): ResolvedOptions['env'] {
  return env === 'inherit'
    ? { allow: null, set: {} }
    : { allow: env.allow ?? null, set: env.set ?? {} }
}
