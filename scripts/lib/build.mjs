import process from 'node:process'
import { bin } from './paths.mjs'
import { provideCommands } from './packages.mjs'
import { hasCommand, mustRun } from './process.mjs'

const compilerHint = `The launcher is written in C, and no compiler with make was found. Install them:
  Debian, Ubuntu: sudo apt-get install gcc make musl-tools
  Fedora:         sudo dnf install gcc make glibc-static
  Alpine:         sudo apk add gcc make musl-dev linux-headers`

/** Compiles the launcher; make does nothing when its sources have not changed. */
export async function buildLauncher() {
  if (process.platform !== 'linux') {
    console.log('Not Linux: the launcher is not built and no sandbox can be made here.')
    return
  }
  const hasCompiler = ['cc', 'gcc', 'clang'].some(hasCommand)
  if (!hasCompiler || !hasCommand('make')) throw new Error(compilerHint)
  // With musl the executable is smaller and starts faster. Without it native/Makefile takes glibc.
  await provideCommands(['musl-gcc'])
  await mustRun('make', ['-s', '-C', 'native'])
}

/** Builds the packages, without the tests' own type check (`npm run typecheck`). */
export async function buildPackages() {
  // What it imports has been installed by now.
  const { bundlePackages } = await import('./bundle.mjs')
  await mustRun(bin('tsc'), ['-b', 'packages/vitest', 'packages/jest'])
  await bundlePackages()
}
