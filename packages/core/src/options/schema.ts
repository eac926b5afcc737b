import { isIP } from 'node:net'
import * as v from 'valibot'
import { nearest } from './nearest.ts'
import type { Framework } from './types.ts'

/** Marks the issue of an unknown key; {@link describeIssue} turns it into words. */
export const UNKNOWN_KEY = 'unknown option'

/** Node does not start with less: V8 reserves address space for its heap and code. */
const MIN_ADDRESS_SPACE_BYTES = 2 * 1024 ** 3

const MIN_TMP_BYTES = 64 * 1024
const MIN_OPEN_FILES = 64
const MAX_PORT = 65_535

/** Message of an issue that says what was expected and what came instead. */
function expected(what: string): (issue: { input: unknown }) => string {
  return ({ input }) => `expected ${what}, got ${show(input)}`
}

function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'bigint' || typeof value === 'function'
    ? `a ${typeof value}`
    : (JSON.stringify(value) ?? 'undefined')
}

function object<Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(
    v.custom<object>(isObject, expected('an object')),
    v.objectWithRest(
      entries,
      v.custom<never>(() => false, UNKNOWN_KEY),
    ),
  )
}

type TextSchema = v.GenericSchema<string, string>

function record(keys: TextSchema, values: TextSchema, what: string) {
  return v.pipe(v.custom<Record<string, string>>(isObject, expected(what)), v.record(keys, values))
}

/** Chooses by the input's type, so that a message speaks of what the user meant. */
function either<One extends v.GenericSchema, Other extends v.GenericSchema>(
  isOne: (input: unknown) => boolean,
  one: One,
  other: Other,
): v.GenericSchema<v.InferInput<One> | v.InferInput<Other>> {
  return v.lazy((input) => (isOne(input) ? one : other))
}

function isObject(input: unknown): boolean {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
}

function choice<const Choices extends readonly string[]>(choices: Choices) {
  const list = choices.map((one) => `'${one}'`).join(' or ')
  return v.picklist(choices, ({ input }) => {
    const near = typeof input === 'string' ? nearest(input, choices) : undefined
    return `${expected(list)({ input })}${near === undefined ? '' : `, did you mean '${near}'?`}`
  })
}

const text = v.pipe(
  v.string(expected('a text')),
  v.nonEmpty('is empty'),
  v.check((value) => !value.includes('\0'), 'holds a NUL character'),
)

const path = v.pipe(
  text,
  v.check(
    (value) => !/^~[^/]/.test(value),
    expected('a path that is absolute, relative to the project, or starts with ~/'),
  ),
)

const glob = v.pipe(
  text,
  v.check(
    (value) => !value.startsWith('/') && !value.startsWith('~'),
    expected('a glob relative to the project'),
  ),
  v.check(
    (value) => !value.split('/').includes('..'),
    expected('a glob that stays inside the project'),
  ),
  v.check(
    (value) => !value.startsWith('!'),
    'a negated glob has nothing to take away from; write !(a|b)',
  ),
)

function list<Item extends v.GenericSchema>(item: Item, what: string) {
  return v.array(item, expected(`a list of ${what}`))
}

function whole(what: string, least: number, most = Number.MAX_SAFE_INTEGER) {
  const message = expected(what)
  return v.pipe(
    v.number(message),
    v.safeInteger(message),
    v.minValue(least, message),
    v.maxValue(most, message),
  )
}

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
    ...(framework === 'jest'
      ? { isolation: v.optional(choice(['file', 'process'])) }
      : { reuse: v.optional(v.boolean(expected('true or false'))) }),
  }
}

/** The schema of the options. */
export function optionsSchema(isRoot: boolean, framework: Framework) {
  return object(entriesOf(isRoot, framework))
}

const sections: ReadonlyMap<string, readonly string[]> = new Map([
  ['fs', Object.keys(fs)],
  ['net', Object.keys(net)],
  ['env', Object.keys(env)],
  ['limits', Object.keys(limits(false))],
])

/** The keys that an object of the options may have, by its path in them. */
export function knownKeys(path: string, framework: Framework): readonly string[] {
  return path === '' ? Object.keys(entriesOf(false, framework)) : (sections.get(path) ?? [])
}
