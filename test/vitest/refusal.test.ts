import type { ChildProcess } from 'node:child_process'
import process from 'node:process'
import { expect, test } from 'vitest'
import { processesWith, uniqueSleep } from '../support/sandbox-leftovers.ts'
import { VitestProject, type VitestResult } from '../support/vitest-project.ts'
import { Session } from '../support/session.ts'

const passes = `
  import { expect, test } from 'vitest'
  import { hostname } from 'node:os'
  test('passes', () => {
    process.stdout.write('ran on ' + hostname() + '\\n')
    expect(1).toBe(1)
  })`

const files = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`${name}.test.js`, passes]))

/** A machine like one with `user.max_user_namespaces=0`: in this user namespace none can be made. */
function startWhereRefused(
  project: VitestProject,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
  return project.start(['run', ...args], env, ['unshare', '-Ur', 'sh', '-c', script, 'sh'])
}

const runWhereRefused = (...request: Parameters<typeof startWhereRefused>): Promise<VitestResult> =>
  request[0].finish(startWhereRefused(...request))

test('a machine that refuses user namespaces gives one error for the run, with its fix, and no test runs', async () => {
  const project = new VitestProject({ files, test: { maxWorkers: 2 } })
  const { output, exitCode } = await runWhereRefused(project)
  expect(exitCode).toBe(1)
  expect(output.match(/NetnsError: /g), output).toHaveLength(1)
  expect(output).toContain('NETNS_USERNS_DENIED')
  expect(output).toContain('max_user_namespaces')
  expect(output).not.toContain('ran on')
})

test('dangerouslyIgnoreUnhandledErrors and passWithNoTests do not make that run pass', async () => {
  const project = new VitestProject({
    files,
    test: { dangerouslyIgnoreUnhandledErrors: true, passWithNoTests: true },
  })
  const { exitCode } = await runWhereRefused(project)
  expect(exitCode).toBe(1)
})

test("fallback: 'warn' runs the tests without isolation and says so", async () => {
  const project = new VitestProject({
    files,
    test: { environmentOptions: { netns: { fallback: 'warn' } } },
  })
  const { output, exitCode } = await runWhereRefused(project)
  expect(exitCode, output).toBe(0)
  expect(output.match(/ran on .*/g)).toHaveLength(4)
  expect(output).not.toContain('ran on netns')
  expect(output.match(/TESTS RUN WITHOUT ISOLATION/g)).toHaveLength(1)
  expect(output).toContain('NETNS_USERNS_DENIED')
  expect(output).toContain("4 files ran without a sandbox (fallback: 'warn')")
})

test('NETNS_MUST_WORK=1 makes a failure of that fallback', async () => {
  const project = new VitestProject({
    files,
    test: { environmentOptions: { netns: { fallback: 'warn' } } },
  })
  const { output, exitCode } = await runWhereRefused(project, [], { NETNS_MUST_WORK: '1' })
  expect(exitCode).toBe(1)
  expect(output).not.toContain('ran on')
})

test('a launcher that is missing is one error that names it', async () => {
  const project = new VitestProject({ files })
  const { output, exitCode } = await project.run([], { NETNS_LAUNCHER: '/there/is/none' })
  expect(exitCode).toBe(1)
  expect(output).toContain('NETNS_LAUNCHER_MISSING')
  expect(output).toContain('/there/is/none')
  expect(output.match(/NetnsError: /g)).toHaveLength(1)
})

test('files of other environments run where sandboxes are refused', async () => {
  const project = new VitestProject({ files, test: { environment: 'node' } })
  const { output, exitCode } = await runWhereRefused(project)
  expect(exitCode, output).toBe(0)
})

test("fallback: 'warn' does not wait for a process that a test left with its output", async () => {
  const seconds = uniqueSleep()
  const project = new VitestProject({
    files: { 'a.test.js': leaves(seconds) },
    test: { environmentOptions: { netns: { fallback: 'warn' } } },
  })
  const session = new Session(startWhereRefused(project))
  await session.ended
  const left = processesWith(seconds)
  for (const pid of left) process.kill(pid, 'SIGKILL')
  expect(left).toHaveLength(1)
  expect(session.output).toContain('1 passed')
  expect(session.output).not.toContain('Timeout terminating')
})

const leaves = (seconds: string): string => `
  import { spawn } from 'node:child_process'
  import { expect, test } from 'vitest'
  test('leaves a process', () => {
    expect(spawn('sleep', ['${seconds}'], { detached: true, stdio: 'inherit' }).pid).toBeGreaterThan(1)
  })`
