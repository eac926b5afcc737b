import { isIP } from 'node:net'
import * as v from 'valibot'
import {
  expected,
  object,
  record,
  isObject,
  either,
  choice,
  text,
  path,
  glob,
  list,
  whole,
} from './schema-parts.ts'
import type { Framework } from './types.ts'

export { UNKNOWN_KEY } from './schema-parts.ts'

/** Node does not start with less: V8 reserves address space for its heap and code. */
const MIN_ADDRESS_SPACE_BYTES = 2 * 1024 ** 3
const MIN_TMP_BYTES = 64 * 1024
const MIN_OPEN_FILES = 64
const MAX_PORT = 65_535

const paths = v.optional(list(path, 'paths'))

const fs = {
  mode: v.optional(choice(['overlay', 'readonly'])),
  readonly: paths,
  writable: paths,
  hide: paths,
  private: paths,
  copy: paths,
  bind: v.optional(record(path, path, 'an object { [pathInside]: pathOutside }')),
  keep: v.optional(list(glob, 'globs')),
  tmpSizeBytes: v.optional(whole(`a number of bytes, at least ${MIN_TMP_BYTES}`, MIN_TMP_BYTES)),
}

const netMode = choice(['loopback', 'none', 'host'])
const port = whole(`a port from 1 to ${MAX_PORT}`, 1, MAX_PORT)
const net = {
  mode: v.optional(netMode),
  services: v.optional(
    either(
      Array.isArray,
      list(port, 'ports'),
      v.literal('auto', expected("'auto' or a list of ports")),
    ),
  ),
}

const variableName = v.pipe(
  text,
  v.check((name) => !name.includes('='), 'a variable name holds no ='),
)
const variableValue = v.pipe(
  v.string(expected('a text')),
  v.check((value) => !value.includes('\0'), 'holds a NUL character'),
)
const env = {
  allow: v.optional(list(text, 'globs')),
  set: v.optional(record(variableName, variableValue, 'an object { [name]: value }')),
}

const hostname = v.pipe(
  text,
  v.regex(
    /^(?=.{1,64}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i,
    expected('a host name of at most 64 letters, digits, hyphens and dots'),
  ),
)
const address = v.pipe(
  v.string(expected('an IP address')),
  v.check((value) => isIP(value) !== 0, expected('an IP address')),
)

function limits(isRoot: boolean) {
  const processes = whole('a number of processes, at least 1', 1)
  return {
    openFiles: v.optional(
      whole(
        `a number of files, at least ${MIN_OPEN_FILES} (Node needs some itself)`,
        MIN_OPEN_FILES,
      ),
    ),
    processes: v.optional(
      isRoot
        ? v.custom<number>(
            () => false,
            'cannot be used as root: the kernel does not apply RLIMIT_NPROC to uid 0; run the tests as an ordinary user',
          )
        : processes,
    ),
    addressSpaceBytes: v.optional(
      whole(
        `a number of bytes, at least ${MIN_ADDRESS_SPACE_BYTES} (2 GiB: Node does not start with less)`,
        MIN_ADDRESS_SPACE_BYTES,
      ),
    ),
    cpuSeconds: v.optional(whole('a number of seconds, at least 1', 1)),
  }
}

/** An option of the config that a running process can no longer follow. */
const atStart = v.optional(
  v.custom<never>(() => false, 'takes effect at a process start; set it in the config'),
)

const isolateFs = { ...fs, copy: atStart, keep: atStart }
const isolateNet = { ...net, mode: v.optional(choice(['loopback', 'none'])) }

const isolateEntries = {
  fs: v.optional(object(isolateFs)),
  net: v.optional(either(isObject, object(isolateNet), choice(['inherit', 'loopback', 'none']))),
  hosts: v.optional(record(hostname, address, 'an object { [name]: address }')),
  onOpenFiles: v.optional(choice(['warn', 'error'])),
  concurrency: v.optional(choice(['queue', 'error'])),
  env: atStart,
  hostname: atStart,
  limits: atStart,
  fallback: atStart,
  base: atStart,
  reuse: atStart,
  isolation: atStart,
  perTest: atStart,
}

const jestEntries = { isolation: v.optional(choice(['file', 'process'])) }

const vitestEntries = {
  reuse: v.optional(v.boolean(expected('true or false'))),
  perTest: v.optional(
    either(isObject, object(isolateEntries), v.boolean(expected('true, false or an object'))),
  ),
}

function entriesOf(isRoot: boolean, framework: Framework): v.ObjectEntries {
  const noEnv = v.literal('inherit', expected("'inherit' or an object { allow, set }"))
  return {
    fs: v.optional(object(fs)),
    net: v.optional(either(isObject, object(net), netMode)),
    env: v.optional(either(isObject, object(env), noEnv)),
    hostname: v.optional(hostname),
    hosts: v.optional(record(hostname, address, 'an object { [name]: address }')),
    limits: v.optional(object(limits(isRoot))),
    fallback: v.optional(choice(['error', 'warn'])),
    base: v.optional(
      choice(framework === 'jest' ? ['node', 'jsdom'] : ['node', 'jsdom', 'happy-dom']),
    ),
    ...(framework === 'jest' ? jestEntries : vitestEntries),
  }
}

/** The schema of the options. */
export function optionsSchema(isRoot: boolean, framework: Framework) {
  return object(entriesOf(isRoot, framework))
}

/** The schema of the options of `isolate()`. */
export function isolateSchema() {
  return object(isolateEntries)
}

/** The keys that an object of the options may have, by its path in them. */
export type KnownKeys = ReadonlyMap<string, readonly string[]>

const ownKeys = ['fs', 'net', 'hosts', 'onOpenFiles', 'concurrency']
const ownFsKeys = Object.keys(fs).filter((key) => key !== 'copy' && key !== 'keep')

export const isolateKeys: KnownKeys = new Map([
  ['', ownKeys],
  ['fs', ownFsKeys],
  ['net', Object.keys(net)],
])

const sectionKeys: KnownKeys = new Map([
  ['fs', Object.keys(fs)],
  ['net', Object.keys(net)],
  ['env', Object.keys(env)],
  ['limits', Object.keys(limits(false))],
  ['perTest', ownKeys],
  ['perTest.fs', ownFsKeys],
  ['perTest.net', Object.keys(net)],
])

export function optionKeys(framework: Framework): KnownKeys {
  return new Map([['', Object.keys(entriesOf(false, framework))], ...sectionKeys])
}
