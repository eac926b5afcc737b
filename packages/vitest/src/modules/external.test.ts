import type { ResolvedConfig } from 'vitest/node'
import { expect, test } from 'vitest'
import type { InsideModule } from '../channel/protocol.ts'
import { isExternal } from './external.ts'

const moduleOf = (id: string, native: boolean): InsideModule => ({
  id,
  file: id,
  url: id,
  content: '',
  environment: 'ssr',
  always: false,
  native,
})

const configOf = (inline?: (string | RegExp)[] | true): ResolvedConfig =>
  ({ deps: {}, server: { deps: { inline } } }) as unknown as ResolvedConfig

test.for([
  ['/p/src/a.ts', false, false],
  ['/p/src/a.cjs', true, false],
  ['/p/src/a.mjs', true, false],
  ['/p/node_modules/x/a.mjs', true, true],
  ['/p/node_modules/x/a.js', true, true],
  ['/p/node_modules/x/a.js', false, false],
  ['/p/node_modules/x/a.cjs', true, true],
  ['/p/node_modules/x/a.ts', false, false],
  ['/p/node_modules/x/a.js?raw', true, false],
] as const)('%s (native: %s) is loaded by Node: %s', ([id, native, external]) => {
  expect(isExternal(moduleOf(id, native), configOf())).toBe(external)
})

test.for([[['x']], [[/node_modules\/x/]], [true]] as const)(
  'server.deps.inline: %j keeps it with Vite',
  ([inline]) => {
    const module = moduleOf('/p/node_modules/x/a.mjs', true)
    expect(isExternal(module, configOf(inline === true ? true : [...inline]))).toBe(false)
  },
)
