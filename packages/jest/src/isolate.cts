/*
 * Tests run in a context of their own, with modules of their own: `isolate` has to be the one of the worker, which knows
 * where the process is. Jest requires this file from CommonJS and imports it from ECMAScript modules.
 */
type Isolate = typeof import(
  '@netns/core/worker',
  { with: { 'resolution-mode': 'import' } }
).isolate

const isolate = (globalThis as { [key: symbol]: unknown })[Symbol.for('netns.isolate')] as
  | Isolate
  | undefined

if (!isolate) {
  throw new Error(
    "jest-environment-netns/isolate: this file does not run in the environment 'netns'; add preset: 'jest-environment-netns'",
  )
}

export = { isolate }
