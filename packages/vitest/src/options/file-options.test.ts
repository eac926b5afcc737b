import type { PoolOptions, TestProject } from 'vitest/node'
import { expect, test } from 'vitest'
import { baseOptions, fileOptions, projectOptions } from './file-options.ts'

type Environment = PoolOptions['environment']

const projectWith = (environmentOptions: object): TestProject =>
  ({ config: { environmentOptions } }) as unknown as TestProject

/** As Vitest passes on what a docblock says. */
const docblock = (options: object | null): Environment =>
  ({ name: 'netns', options: options && { netns: options } }) as Environment

const project = projectWith({
  netns: { hostname: 'of-project', fs: { hide: ['a'], keep: ['b'] }, base: 'jsdom' },
  jsdom: { url: 'http://a.test' },
})

test('a file without a docblock has the options of its project', () => {
  expect(fileOptions(project, docblock(null))).toEqual(projectOptions(project))
})

test.for([[{ netns: { fs: { hide: ['c'] } } }], [{ fs: { hide: ['c'] } }]])(
  '%j replaces what it names and keeps the rest',
  ([options]) => {
    const { fs, hostname, base } = fileOptions(project, docblock(options ?? {}))
    expect({ hide: fs.hide, keep: fs.keep, hostname, base }).toEqual({
      hide: ['c'],
      keep: ['b'],
      hostname: 'of-project',
      base: 'jsdom',
    })
  },
)

test('a mistake names the docblock', () => {
  expect(() => fileOptions(project, docblock({ netns: { hostnam: 'x' } }))).toThrow(
    /NETNS_OPTIONS_INVALID[^]*@vitest-environment-options/,
  )
})

test('the environment inside gets its options from the docblock, else from the config', () => {
  expect(baseOptions(project, docblock(null))).toMatchObject({ jsdom: { url: 'http://a.test' } })
  const own = docblock({ netns: {}, jsdom: { url: 'http://b.test' } })
  expect(baseOptions(project, own)).toMatchObject({ jsdom: { url: 'http://b.test' } })
})
