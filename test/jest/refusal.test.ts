import { resolveLauncher } from '@netns/core'
import { expect, test } from 'vitest'
import { docblock, JestProject } from '../support/jest-project.ts'
import type { RunResult } from '../support/test-project.ts'

const passes = `
  test('passes', () => {
    process.stdout.write('ran on ' + require('node:os').hostname() + '\\n')
  })`
const files = Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name}.test.js`, passes]))

/** A machine like one with `user.max_user_namespaces=0`: in this user namespace none can be made. */
function runWhereRefused(
  project: JestProject,
  env: Readonly<Record<string, string>> = {},
): Promise<RunResult> {
  const script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
  return project.finish(project.start([], env, ['unshare', '-Ur', 'sh', '-c', script, 'sh']))
}

test('a machine that refuses user namespaces gives one error for the run, with its fix, and no test runs', async () => {
  const project = new JestProject({ files })
  const { output, exitCode } = await runWhereRefused(project)
  expect(exitCode).toBe(1)
  expect(output.match(/NetnsError: /g), output).toHaveLength(1)
  expect(output).toContain('NETNS_USERNS_DENIED')
  expect(output).toContain('max_user_namespaces')
  expect(output).not.toContain('ran on')
})

test("fallback: 'warn' runs the tests without isolation and says so", async () => {
  const project = new JestProject({ files, netns: { fallback: 'warn' } })
  const { output, exitCode } = await runWhereRefused(project)
  expect(exitCode, output).toBe(0)
  expect(output.match(/ran on .*/g)).toHaveLength(3)
  expect(output).not.toContain('ran on netns')
  expect(output.match(/TESTS RUN WITHOUT ISOLATION/g)).toHaveLength(1)
  expect(output).toContain("3 files ran without a sandbox (fallback: 'warn')")
})

test('NETNS_MUST_WORK=1 makes a failure of that fallback', async () => {
  const project = new JestProject({ files, netns: { fallback: 'warn' } })
  const { output, exitCode } = await runWhereRefused(project, { NETNS_MUST_WORK: '1' })
  expect(exitCode).toBe(1)
  expect(output).not.toContain('ran on')
})

test('a launcher that is missing is one error that names it', async () => {
  const project = new JestProject({ files })
  const { output, exitCode } = await project.run([], { NETNS_LAUNCHER: '/there/is/none' })
  expect(exitCode).toBe(1)
  expect(output).toContain('NETNS_LAUNCHER_MISSING')
  expect(output).toContain('/there/is/none')
  expect(output.match(/NetnsError: /g)).toHaveLength(1)
})

test('a worker whose sandbox fails although the probe passed ends the run with its error', async () => {
  const launcher = `#!/bin/sh
    case "$*" in *processChild*) exit 1;; esac
    exec ${resolveLauncher()} "$@"
  `
  const project = new JestProject({ files: { ...files, 'launcher.sh': launcher } })
  project.makeExecutable('launcher.sh')
  const { output, exitCode } = await project.run([], {
    NETNS_LAUNCHER: project.path('launcher.sh'),
  })
  expect(exitCode).toBe(1)
  expect(output).toContain('NETNS_LAUNCHER_DIED')
  expect(output.match(/NetnsError: /g), output).toHaveLength(1)
  expect(output).not.toMatch(/EPIPE|ERR_IPC/)
})

test('files of other environments run where sandboxes are refused', async () => {
  const project = new JestProject({ files: { 'a.test.js': docblock('node') + passes } })
  const { output, exitCode } = await runWhereRefused(project)
  expect(exitCode, output).toBe(0)
})
