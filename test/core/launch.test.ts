import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import {
  HOST_NAMESPACES_VARIABLE,
  hostNamespaces,
  launch,
  NetnsError,
  planSandbox,
  readHost,
  resolveOptions,
  type LaunchRequest,
  type NetnsOptions,
  type Sandbox,
} from '@netns/core'
import { afterEach, beforeEach, expect, test } from 'vitest'

let project = ''

beforeEach(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), 'netns-launch-')))
})

afterEach(() => {
  rmSync(project, { recursive: true, force: true })
})

function start(
  script: string,
  options: NetnsOptions = {},
  request: Partial<LaunchRequest> = {},
): Sandbox {
  const resolved = resolveOptions(options, 'netns')
  const context = {
    projectRoot: project,
    cwd: project,
    roots: [process.execPath],
    writeThrough: [],
    readThrough: [],
    services: [],
  }
  return launch({
    plan: planSandbox(resolved, readHost(), context),
    command: process.execPath,
    args: ['-e', script],
    env: process.env,
    cwd: project,
    ...(resolved.fs.keep.length > 0
      ? { keep: { projectRoot: project, globs: resolved.fs.keep } }
      : {}),
    ...request,
  })
}

async function output(sandbox: Sandbox): Promise<string> {
  const { stdout } = sandbox.process
  return stdout ? text(stdout) : ''
}

test('a command runs inside and its exit code comes back', async () => {
  const sandbox = start('process.exitCode = 7')
  expect(await sandbox.started).toEqual({
    hostPid: expect.any(Number),
    setupUs: expect.any(Number),
  })
  expect(await sandbox.ended).toMatchObject({
    exitCode: 7,
    signal: null,
    leftProcesses: 0,
    kept: [],
    keepFailures: [],
  })
})

test('death by a signal comes back as that signal, for the process too', async () => {
  const sandbox = start('process.kill(process.pid, "SIGUSR2")')
  expect(await sandbox.ended).toMatchObject({ exitCode: null, signal: 'SIGUSR2' })
  expect(sandbox.process.signalCode).toBe('SIGUSR2')
})

test("messages pass through Node's own channel with structured clones", async () => {
  const sandbox = start(
    'process.on("message", (m) => process.send(new Map([["got", m]]), () => process.disconnect()))',
    {},
    { ipc: true },
  )
  const answer = once(sandbox.process, 'message')
  sandbox.process.send({ at: new Date(0) })
  expect(await answer).toEqual([new Map([['got', { at: new Date(0) }]]), undefined])
  expect(await sandbox.ended).toMatchObject({ exitCode: 0 })
})

test('the process inside can tell that it is inside, and what it has of its own', async () => {
  const core = import.meta.resolve('@netns/core')
  const script = `import(${JSON.stringify(core)}).then((core) => console.log(JSON.stringify(core.sandboxInfo())))`
  const env = { ...process.env, [HOST_NAMESPACES_VARIABLE]: hostNamespaces() }
  const request = { env, args: ['-e', script] }
  expect(JSON.parse(await output(start('', {}, request)))).toEqual({
    inside: true,
    ownNetwork: true,
  })
  expect(JSON.parse(await output(start('', { net: 'host' }, request)))).toEqual({
    inside: true,
    ownNetwork: false,
  })
})

test('attempts without a route are counted by the kernel', async () => {
  const connect = (address: string) =>
    `require("node:net").connect(80, "${address}").on("error", (e) => console.log(e.code))`
  const sandbox = start(`${connect('192.88.99.1')};${connect('2001:db8::1')}`)
  expect(await output(sandbox)).toBe('ENETUNREACH\nENETUNREACH\n')
  expect((await sandbox.ended).noRoute).toEqual({ ipv4: 1, ipv6: 1 })
})

test('files that match fs.keep are written back, others and their deletions are not', async () => {
  writeFileSync(join(project, 'old.txt'), 'old')
  const sandbox = start(
    `const fs = require('node:fs')
     fs.mkdirSync('out/deep', { recursive: true })
     fs.writeFileSync('out/deep/a.bin', Buffer.from([0, 255, 10]))
     fs.symlinkSync('deep/a.bin', 'out/link')
     fs.writeFileSync('other.txt', 'x')
     fs.rmSync('old.txt')`,
    { fs: { keep: ['out/**', 'old.txt'] } },
  )
  const { kept, keepFailures } = await sandbox.ended
  expect(kept.map(({ path }) => path).toSorted()).toEqual([
    join(project, 'out/deep/a.bin'),
    join(project, 'out/link'),
  ])
  expect(keepFailures).toEqual([])
  expect(readFileSync(join(project, 'out/link'))).toEqual(Buffer.from([0, 255, 10]))
  expect(existsSync(join(project, 'other.txt'))).toBe(false)
  expect(existsSync(join(project, 'old.txt'))).toBe(true)
})

test('files are kept however the worker ended', async () => {
  const sandbox = start(`require('node:fs').writeFileSync('log.txt', 'x'); process.abort()`, {
    fs: { keep: ['*.txt'] },
  })
  expect(await sandbox.ended).toMatchObject({
    signal: 'SIGABRT',
    kept: [{ path: join(project, 'log.txt'), sizeBytes: 1 }],
  })
})

test('a kept file is never written through a symbolic link that leads out of the project', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'netns-outside-'))
  const sandbox = start(
    `const fs = require('node:fs'); fs.symlinkSync(${JSON.stringify(outside)}, 'out'); fs.mkdirSync(${JSON.stringify(outside)}, { recursive: true }); fs.writeFileSync('out/a', 'x')`,
    { fs: { keep: ['**'] } },
  )
  await sandbox.ended
  expect(existsSync(join(outside, 'a'))).toBe(false)
  rmSync(outside, { recursive: true })
})

test('a file that cannot be written back is an error of its own', async () => {
  writeFileSync(join(project, 'taken'), 'a file on the host, a directory inside')
  const sandbox = start(
    `const fs = require('node:fs')
     fs.unlinkSync('taken')
     fs.mkdirSync('taken')
     fs.writeFileSync('taken/a', '')
     fs.writeFileSync('b', '')`,
    { fs: { keep: ['taken/*', 'b'] } },
  )
  const { kept, keepFailures } = await sandbox.ended
  expect(kept.map(({ path }) => path)).toEqual([join(project, 'b')])
  expect(keepFailures).toMatchObject([
    { code: 'NETNS_KEEP_FAILED', errno: 'ENOTDIR', path: join(project, 'taken/a') },
  ])
})

test('a command that does not exist: the error names it, no exit code is invented', async () => {
  const sandbox = start('', {}, { command: '/no/such/program' })
  await expect(sandbox.ended).rejects.toMatchObject({
    name: 'NetnsError',
    code: 'NETNS_EXEC_FAILED',
    stage: 'exec',
    errno: 'ENOENT',
    path: '/no/such/program',
  })
})

test('a working directory that does not exist is told apart from a missing launcher', async () => {
  const sandbox = start('', {}, { cwd: '/no/such/directory' })
  await expect(sandbox.started).rejects.toMatchObject({
    code: 'NETNS_EXEC_FAILED',
    path: '/no/such/directory',
  })
  await sandbox.dispose()
})

test('a launcher that is killed during the run leaves no counts, and the signal is reported', async () => {
  const sandbox = start(`setInterval(() => {}, 1000)`)
  await sandbox.started
  sandbox.process.kill('SIGKILL')
  expect(await sandbox.ended).toMatchObject({ signal: 'SIGKILL', noRoute: null })
})

test('a plan that the launcher does not understand is an error of versions', async () => {
  const plan = {
    steps: [['namespaces', 'user', 'mount', 'pid'], ['teleport']] as never,
    uppers: [],
    degrees: [],
    hold: false,
    threadsPath: null,
  }
  const sandbox = launch({ plan, command: 'true', args: [], env: {}, cwd: project })
  const error = await sandbox.ended.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(NetnsError)
  expect(error).toMatchObject({ code: 'NETNS_LAUNCHER_PROTOCOL', stage: 'plan' })
})
