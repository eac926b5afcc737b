import { mergeOptions, resolveOptions, type ResolvedOptions } from '@netns/core/runner'
import type { PoolOptions, TestProject } from 'vitest/node'
import { ENVIRONMENT_NAME } from '../names.ts'

type Sections = Readonly<Record<string, unknown>>

/** By what was written: it is asked for with each file. */
const resolved = new WeakMap<object, ResolvedOptions>()

/** Throws NetnsError NETNS_OPTIONS_INVALID. Other plugins may still change the options. */
export function checkProjectOptions(project: TestProject): void {
  resolveOptions(configuredIn(project), 'test.environmentOptions.netns')
}

/** `test.environmentOptions.netns` of a project, when its first file begins. Throws NetnsError NETNS_OPTIONS_INVALID. */
export function projectOptions(project: TestProject): ResolvedOptions {
  const written = configuredIn(project)
  const key = typeof written === 'object' && written !== null ? written : project
  const known = resolved.get(key)
  if (known) return known
  const options = resolveOptions(written, 'test.environmentOptions.netns')
  resolved.set(key, options)
  return options
}

/**
 * The options of a file: those of its project, with the sections that its docblock sets replaced key by key.
 * Throws NetnsError NETNS_OPTIONS_INVALID.
 */
export function fileOptions(
  project: TestProject,
  environment: PoolOptions['environment'],
): ResolvedOptions {
  const written = docblockOptions(environment)
  if (written === undefined) return projectOptions(project)
  resolveOptions(written, '@vitest-environment-options netns')
  return resolveOptions(mergeOptions(configuredIn(project), written), 'netns')
}

/** What other environments (`base`) get as options: those of the config and the docblock without ours. */
export function baseOptions(
  project: TestProject,
  environment: PoolOptions['environment'],
): Record<string, unknown> {
  const docblock = docblockSections(environment)
  return { ...project.config.environmentOptions, ...docblock }
}

function configuredIn(project: TestProject): unknown {
  return project.config.environmentOptions?.[ENVIRONMENT_NAME]
}

/** Vitest puts what the docblock says below the environment's name. */
function docblockSections(environment: PoolOptions['environment']): Sections | undefined {
  return environment.options?.[ENVIRONMENT_NAME] as Sections | undefined
}

/** `{ "netns": { … } }` as in a config, or, as Vitest's own environments take it, the options alone. */
function docblockOptions(environment: PoolOptions['environment']): unknown {
  const sections = docblockSections(environment)
  return sections !== undefined && ENVIRONMENT_NAME in sections
    ? sections[ENVIRONMENT_NAME]
    : sections
}
