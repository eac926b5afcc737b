import { expect, test } from 'vitest'
import { NetnsError } from '../errors/netns-error.ts'
import { checkIsolateOptions, resolveOptions } from './resolve-options.ts'

function mistakes(raw: unknown, isRoot = false): string[] {
  try {
    resolveOptions(raw, 'netns', isRoot)
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(NetnsError)
    expect(error).toMatchObject({ code: 'NETNS_OPTIONS_INVALID' })
    return (error as Error).message.split('\n').flatMap((line) => line.match(/netns[.:[].*/) ?? [])
  }
}

test('nothing given means all defaults', () => {
  expect(resolveOptions(undefined, 'netns')).toMatchInlineSnapshot(`
    {
      "base": "node",
      "env": {
        "allow": null,
        "set": {},
      },
      "fallback": "error",
      "fs": {
        "bind": {},
        "copy": [],
        "hide": [],
        "keep": [],
        "mode": "overlay",
        "private": [],
        "readonly": [],
        "tmpSizeBytes": null,
        "writable": [],
      },
      "hostname": "netns",
      "hosts": {},
      "limits": {},
      "net": {
        "mode": "loopback",
        "services": "auto",
      },
      "perTest": null,
      "reuse": false,
    }
  `)
})

test.each([
  ['none', { mode: 'none', services: 'auto' }],
  [{ services: [5432] }, { mode: 'loopback', services: [5432] }],
  [{ mode: 'host' }, { mode: 'host', services: 'auto' }],
] as const)('net: %j is %j', (net, resolved) => {
  expect(resolveOptions({ net }, 'netns').net).toEqual(resolved)
})

test('env may only set, or only allow', () => {
  expect(resolveOptions({ env: { set: { TZ: 'UTC' } } }, 'netns').env).toEqual({
    allow: null,
    set: { TZ: 'UTC' },
  })
  expect(resolveOptions({ env: { allow: ['PATH'] } }, 'netns').env).toEqual({
    allow: ['PATH'],
    set: {},
  })
})

test('every mistake is reported at once, one line each', () => {
  expect(
    mistakes({
      fs: {
        hidee: ['/x'],
        readonly: '/a',
        keep: ['/abs', '../x', '!a'],
        tmpSizeBytes: '64m',
        bind: { '': '/x' },
        private: ['', 'a\0b', '~bob/x'],
      },
      net: { mode: 'loopbak', services: [0, '80'] },
      hostname: '-a',
      hosts: { db: '1.2.3' },
      limits: { addressSpaceBytes: 100, openFiles: 1.5 },
      fallback: 'warm',
      base: null,
      reuse: 'yes',
      isolate: true,
    }),
  ).toMatchInlineSnapshot(`
    [
      "netns.fs.readonly: expected a list of paths, got "/a"",
      "netns.fs.private[0]: is empty",
      "netns.fs.private[1]: holds a NUL character",
      "netns.fs.private[2]: expected a path that is absolute, relative to the project, or starts with ~/, got "~bob/x"",
      "netns.fs.bind[""]: is empty",
      "netns.fs.keep[0]: expected a glob relative to the project, got "/abs"",
      "netns.fs.keep[1]: expected a glob that stays inside the project, got "../x"",
      "netns.fs.keep[2]: a negated glob has nothing to take away from; write !(a|b)",
      "netns.fs.tmpSizeBytes: expected a number of bytes, at least 65536, got "64m"",
      "netns.fs.hidee: unknown option, did you mean "hide"?",
      "netns.net.mode: expected 'loopback' or 'none' or 'host', got "loopbak", did you mean 'loopback'?",
      "netns.net.services[0]: expected a port from 1 to 65535, got 0",
      "netns.net.services[1]: expected a port from 1 to 65535, got "80"",
      "netns.hostname: expected a host name of at most 64 letters, digits, hyphens and dots, got "-a"",
      "netns.hosts.db: expected an IP address, got "1.2.3"",
      "netns.limits.openFiles: expected a number of files, at least 64 (Node needs some itself), got 1.5",
      "netns.limits.addressSpaceBytes: expected a number of bytes, at least 2147483648 (2 GiB: Node does not start with less), got 100",
      "netns.fallback: expected 'error' or 'warn', got "warm", did you mean 'warn'?",
      "netns.base: expected 'node' or 'jsdom' or 'happy-dom', got null",
      "netns.reuse: expected true or false, got "yes"",
      "netns.isolate: unknown option; known are fs, net, env, hostname, hosts, limits, fallback, base, reuse, perTest",
    ]
  `)
})

test.each([
  ['x', 'netns: expected an object, got "x"'],
  [{ net: 3 }, "netns.net: expected 'loopback' or 'none' or 'host', got 3"],
  [
    { net: { services: 'all' } },
    `netns.net.services: expected 'auto' or a list of ports, got "all"`,
  ],
  [{ env: 'all' }, `netns.env: expected 'inherit' or an object { allow, set }, got "all"`],
  [{ env: { set: { 'A=B': '' } } }, 'netns.env.set["A=B"]: a variable name holds no ='],
  [{ fs: [] }, 'netns.fs: expected an object, got a list'],
  [{ FS: {} }, 'netns.FS: unknown option, did you mean "fs"?'],
  [
    { limits: { cpuSecond: 1 } },
    'netns.limits.cpuSecond: unknown option, did you mean "cpuSeconds"?',
  ],
])('%j is refused: %s', (raw, line) => {
  expect(mistakes(raw)).toEqual([line])
})

test('a limit of processes is refused as root, where the kernel does not apply it', () => {
  expect(mistakes({ limits: { processes: 100 } }, true)).toEqual([
    expect.stringContaining('RLIMIT_NPROC'),
  ])
  expect(mistakes({ limits: { processes: 100 } }, false)).toEqual([])
})

test('Jest has an option of its own, and no happy-dom', () => {
  const resolve = (raw: unknown) => resolveOptions(raw, 'netns', false, 'jest')
  expect(resolve({}).reuse).toBe(true)
  expect(resolve({ isolation: 'process' }).reuse).toBe(false)
  expect(() => resolve({ base: 'happy-dom' })).toThrow("expected 'node' or 'jsdom'")
  expect(() => resolve({ isolatoin: 'file' })).toThrow('did you mean "isolation"?')
})

test('the message tells which option of which place is meant', () => {
  expect(() => resolveOptions({ fs: { hidee: [] } }, 'environmentOptions.netns')).toThrow(
    'environmentOptions.netns.fs.hidee: unknown option, did you mean "hide"?',
  )
})

test.each([
  [false, null],
  [true, {}],
  [{ net: 'inherit' }, { net: 'inherit' }],
] as const)('perTest: %j is %j', (perTest, resolved) => {
  expect(resolveOptions({ perTest }, 'netns').perTest).toEqual(resolved)
})

test('options of isolate() are checked too, and say which belong into the config', () => {
  const wrong = { fs: { keep: ['*'], hidee: [] }, env: {}, net: 'host', onOpenFiles: 'refuse' }
  expect(() => checkIsolateOptions(wrong)).toThrowErrorMatchingInlineSnapshot(`
    [NetnsError: NETNS_OPTIONS_INVALID: options that netns cannot use:
    isolate().fs.keep: takes effect at a process start; set it in the config
    isolate().fs.hidee: unknown option, did you mean "hide"?
    isolate().net: expected 'inherit' or 'loopback' or 'none', got "host"
    isolate().onOpenFiles: expected 'warn' or 'error', got "refuse"
    isolate().env: takes effect at a process start; set it in the config
    Correct the options named above; all of them are listed in docs/options.md.]
  `)
  expect(mistakes({ perTest: { nett: 'none' } })).toMatchInlineSnapshot(`
    [
      "netns.perTest.nett: unknown option, did you mean "net"?",
    ]
  `)
  expect(() =>
    checkIsolateOptions({ fs: { private: ['~/.ssh'] }, net: { services: [] } }),
  ).not.toThrow()
})
