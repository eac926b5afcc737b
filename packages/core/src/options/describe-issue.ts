import type * as v from 'valibot'
import { nearest } from './nearest.ts'
import { UNKNOWN_KEY, type KnownKeys } from './schema.ts'

/** One mistake as one line: the option's path, what is wrong, what was probably meant. */
export function describeIssue(
  issue: v.BaseIssue<unknown>,
  origin: string,
  knownKeys: KnownKeys,
): string {
  const keys = (issue.path ?? []).map((item) => item.key)
  const what = issue.message === UNKNOWN_KEY ? describeUnknown(keys, knownKeys) : issue.message
  return `${origin}${keys.map(renderKey).join('')}: ${what}`
}

function renderKey(key: unknown): string {
  if (typeof key === 'number') return `[${key}]`
  return /^[a-z_$][\w$]*$/i.test(String(key))
    ? `.${String(key)}`
    : `[${JSON.stringify(String(key))}]`
}

function describeUnknown(keys: readonly unknown[], knownKeys: KnownKeys): string {
  const known = knownKeys.get(keys.slice(0, -1).join('.')) ?? []
  const near = nearest(String(keys.at(-1)), known)
  return near === undefined
    ? `${UNKNOWN_KEY}; known are ${known.join(', ')}`
    : `${UNKNOWN_KEY}, did you mean "${near}"?`
}
