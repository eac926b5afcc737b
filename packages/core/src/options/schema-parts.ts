import * as v from 'valibot'
import { nearest } from './nearest.ts'

/** Marks the issue of an unknown key; {@link describeIssue} turns it into words. */
export const UNKNOWN_KEY = 'unknown option'

/** Message of an issue that says what was expected and what came instead. */
export function expected(what: string): (issue: { input: unknown }) => string {
  return ({ input }) => `expected ${what}, got ${show(input)}`
}

function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'bigint' || typeof value === 'function'
    ? `a ${typeof value}`
    : (JSON.stringify(value) ?? 'undefined')
}

export function object<Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(
    v.custom<object>(isObject, expected('an object')),
    v.objectWithRest(
      entries,
      v.custom<never>(() => false, UNKNOWN_KEY),
    ),
  )
}

type TextSchema = v.GenericSchema<string, string>

export function record(keys: TextSchema, values: TextSchema, what: string) {
  return v.pipe(v.custom<Record<string, string>>(isObject, expected(what)), v.record(keys, values))
}

/** Chooses by the input's type, so that a message speaks of what the user meant. */
export function either<One extends v.GenericSchema, Other extends v.GenericSchema>(
  isOne: (input: unknown) => boolean,
  one: One,
  other: Other,
): v.GenericSchema<v.InferInput<One> | v.InferInput<Other>> {
  return v.lazy((input) => (isOne(input) ? one : other))
}

export function isObject(input: unknown): boolean {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
}

export function choice<const Choices extends readonly string[]>(choices: Choices) {
  const list = choices.map((one) => `'${one}'`).join(' or ')
  return v.picklist(choices, ({ input }) => {
    const near = typeof input === 'string' ? nearest(input, choices) : undefined
    return `${expected(list)({ input })}${near === undefined ? '' : `, did you mean '${near}'?`}`
  })
}

export const text = v.pipe(
  v.string(expected('a text')),
  v.nonEmpty('is empty'),
  v.check((value) => !value.includes('\0'), 'holds a NUL character'),
)

export const path = v.pipe(
  text,
  v.check(
    (value) => !/^~[^/]/.test(value),
    expected('a path that is absolute, relative to the project, or starts with ~/'),
  ),
)

export const glob = v.pipe(
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

export function list<Item extends v.GenericSchema>(item: Item, what: string) {
  return v.array(item, expected(`a list of ${what}`))
}

export function whole(what: string, least: number, most = Number.MAX_SAFE_INTEGER) {
  const message = expected(what)
  return v.pipe(
    v.number(message),
    v.safeInteger(message),
    v.minValue(least, message),
    v.maxValue(most, message),
  )
}
