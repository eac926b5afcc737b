import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { catalogue, type NetnsErrorCode } from './catalogue.ts'
import { NetnsError } from './netns-error.ts'

const codes = Object.keys(catalogue) as NetnsErrorCode[]
const docs = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8')

test.each(codes)('%s says its cause, its fix and where it is explained', (code) => {
  const error = new NetnsError(code)
  const [message, hint] = error.message.split('\n')
  expect(message).toBe(`${code}: ${catalogue[code].title}`)
  expect(hint).toBe(catalogue[code].hint)
  expect(hint?.length).toBeGreaterThan(20)
  expect(error.url).toBe(`docs/errors.md#${code.toLowerCase()}`)
})

test.each(codes)('docs/errors.md explains %s: when, why and the fix', (code) => {
  const section = docs.split(/^## /m).find((part) => part.startsWith(`${code}\n`))
  expect(section).toMatch(/\*\*Fix[.:]?\*\*/)
})

test('docs/errors.md explains no code that does not exist', () => {
  const explained = [...docs.matchAll(/^## (NETNS_\w+)$/gm)].map(([, code]) => code)
  expect(explained.toSorted()).toEqual([...codes].toSorted())
})

test('an error carries stage, system call, errno, path and cause, and says them', () => {
  const cause = new Error('original')
  const error = new NetnsError('NETNS_SETUP_FAILED', {
    stage: 'overlay',
    syscall: 'fsconfig',
    errno: 'EINVAL',
    path: '/etc',
    cause,
  })
  expect(error).toMatchObject({
    name: 'NetnsError',
    stage: 'overlay',
    syscall: 'fsconfig',
    errno: 'EINVAL',
    path: '/etc',
    cause,
  })
  expect(error.message).toMatchInlineSnapshot(`
    "NETNS_SETUP_FAILED: a sandbox could not be set up: stage overlay, fsconfig "/etc", EINVAL
    The stage, the path and the error number above say which step the kernel refused."
  `)
})

test('an error without details has no empty properties', () => {
  expect(Object.keys(new NetnsError('NETNS_ENOSPC'))).not.toContain('path')
})
