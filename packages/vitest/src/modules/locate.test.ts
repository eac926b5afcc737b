import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { locate, splitPostfix, withoutOriginal } from './locate.ts'

const root = mkdtempSync(join(tmpdir(), 'locate-'))
const outside = mkdtempSync(join(tmpdir(), 'locate-outside-'))
const files = [
  'src/a.ts',
  'src/b.js',
  'src/b.ts',
  'src/both.mjs',
  'src/both.ts',
  'src/dir/index.tsx',
  'src/d.json',
]

beforeAll(() => {
  for (const file of [...files.map((name) => join(root, name)), join(outside, 'o.mjs')]) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, '')
  }
})
afterAll(() => {
  for (const directory of [root, outside]) rmSync(directory, { recursive: true })
})

test.for([
  ['/src/a.ts', 'src/a.ts'],
  ['/src/a', 'src/a.ts'],
  ['/src/a.js', 'src/a.ts'],
  ['/src/b.js', 'src/b.js'],
  ['/src/both', 'src/both.mjs'],
  ['/src/dir', 'src/dir/index.tsx'],
  ['/src/d', 'src/d.json'],
  ['./a', 'src/a.ts'],
  ['../src/b.js', 'src/b.js'],
  [`${root}/src/a.ts`, 'src/a.ts'],
  [`/@fs${root}/src/a.ts`, 'src/a.ts'],
  [pathToFileURL(`${root}/src/a.ts`).href, 'src/a.ts'],
] as const)('%s is found as Vite finds it: %s', ([id, file]) => {
  expect(locate(id, join(root, 'src/importer.ts'), root)?.file).toBe(join(root, file))
})

test('a path outside the root is found by itself', () => {
  const file = join(outside, 'o.mjs')
  expect(locate(file, undefined, root)?.file).toBe(file)
})

test('the importer may have a query', () => {
  expect(locate('./a.ts', join(root, 'src/b.js?t=1'), root)?.file).toBe(join(root, 'src/a.ts'))
})

test.for([
  'package',
  '@scope/package',
  'virtual:x',
  '/@id/x',
  '/@vite/client',
  '\0x',
  '/src/nothing',
  './nothing',
])('%j is no file', (id) => {
  expect(locate(id, join(root, 'src/importer.ts'), root)).toBeNull()
})

test.for([
  ['/src/a.ts?_vitest_original', '/src/a.ts', ''],
  ['/src/a.ts?_vitest_original&t=1', '/src/a.ts', '?t=1'],
  ['/src/a.ts?t=1&_vitest_original', '/src/a.ts', '?t=1'],
  ['/src/a.ts?t=1#hash', '/src/a.ts', '?t=1#hash'],
] as const)('%s is %s with the postfix %j', ([id, path, postfix]) => {
  expect(splitPostfix(withoutOriginal(id))).toEqual([path, postfix])
})
