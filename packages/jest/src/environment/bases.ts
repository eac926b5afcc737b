import { createRequire } from 'node:module'
import { join } from 'node:path'
import { NetnsError } from '@netns/core/worker'
import type { EnvironmentClass } from '../jest.ts'

export interface Base {
  readonly Environment: EnvironmentClass
  /** The graceful-fs of its jest-util. */
  readonly fs: { writeFileSync: WriteFile }
}

type WriteFile = (path: unknown, data: unknown, ...rest: readonly unknown[]) => void

/** The user's jest-environment-node. */
export function nodeBase(jestRunner: string): Base {
  return load(createRequire(jestRunner).resolve('jest-environment-node'))
}

/** The user's jest-environment-jsdom. Throws NetnsError NETNS_OPTIONS_INVALID where it is not installed. */
export function jsdomBase(rootDir: string): Base {
  const name = 'jest-environment-jsdom'
  try {
    return load(createRequire(join(rootDir, 'package.json')).resolve(name))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause
    throw new NetnsError('NETNS_OPTIONS_INVALID', {
      cause,
      detail: `base: 'jsdom' needs ${name}, which is not installed`,
      hint: `Install it in the version of Jest: npm install --save-dev ${name}`,
    })
  }
}

function load(path: string): Base {
  const module = createRequire(path)(path) as { default: EnvironmentClass }
  // The DOM's environment of Jest 30 has one more package in between.
  const owner = resolveFrom(path, '@jest/environment-jsdom-abstract') ?? path
  const utilities = createRequire(owner).resolve('jest-util')
  return { Environment: module.default, fs: createRequire(utilities)('graceful-fs') as Base['fs'] }
}

function resolveFrom(path: string, name: string): string | undefined {
  try {
    return createRequire(path).resolve(name)
  } catch {
    return undefined
  }
}
