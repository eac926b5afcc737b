import { accessSync, constants, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { NetnsError } from '../errors/netns-error.ts'

const { resolve } = createRequire(import.meta.url)

/**
 * Path of the launcher executable: `NETNS_LAUNCHER`, else the package for this machine.
 *
 * @throws NetnsError `NETNS_PLATFORM` or `NETNS_LAUNCHER_MISSING`, with what to install
 */
export function resolveLauncher(
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const override = env['NETNS_LAUNCHER']
  if (override !== undefined && override !== '') return checkExecutable(override, 'NETNS_LAUNCHER')
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new NetnsError('NETNS_PLATFORM', {
      detail: `this is ${process.platform} on ${process.arch}`,
    })
  }
  return (installed ??= installedLauncher())
}

/**
 * Path of netns-threads.so, which stands beside the launcher.
 *
 * @throws NetnsError as {@link resolveLauncher} does
 */
export function resolveThreads(): string {
  return join(dirname(resolveLauncher()), 'netns-threads.so')
}

/** Looked up once: every sandbox asks. */
let installed: string | undefined

function installedLauncher(): string {
  const name = `@netns/launcher-${process.platform}-${process.arch}`
  return checkExecutable(join(packageDirectory(name), 'bin', 'netns-launcher'), name)
}

function packageDirectory(name: string): string {
  try {
    return dirname(resolve(`${name}/package.json`))
  } catch (cause) {
    throw new NetnsError('NETNS_LAUNCHER_MISSING', { cause, ...diagnose(name) })
  }
}

/** The package is an optional dependency, so npm may have left it out without a word. */
function diagnose(name: string): { detail: string; hint: string } {
  const other = ['linux-x64', 'linux-arm64']
    .map((target) => `@netns/launcher-${target}`)
    .find((one) => one !== name && isInstalled(one))
  if (other !== undefined) {
    return {
      detail: `${other} is installed but this machine needs ${name}: node_modules came from another machine`,
      hint: 'Remove node_modules and run npm install on this machine.',
    }
  }
  return {
    detail: `${name} is not installed`,
    hint: `Optional dependencies were left out (--omit=optional, or a lock file from another system): run npm install --include=optional, or npm install ${name}`,
  }
}

function isInstalled(name: string): boolean {
  try {
    return existsSync(resolve(`${name}/package.json`))
  } catch {
    return false
  }
}

function checkExecutable(path: string, origin: string): string {
  try {
    accessSync(path, constants.X_OK)
    return path
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EACCES'
    const missing = errno === 'ENOENT'
    throw new NetnsError('NETNS_LAUNCHER_MISSING', {
      cause,
      path,
      errno,
      detail: `${origin}: ${path} ${missing ? 'does not exist' : 'is not executable'}`,
      hint: missing
        ? `Install it again: npm install --force ${origin === 'NETNS_LAUNCHER' ? '@netns/core' : origin} (in a clone of the repository: npm run build)`
        : `Run chmod +x ${path}; a file system mounted with noexec cannot hold it.`,
    })
  }
}
