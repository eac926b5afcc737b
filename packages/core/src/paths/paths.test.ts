import { expect, test } from 'vitest'
import { chain, isBelow, isWithin, normalize, relativeTo } from './paths.ts'

test('a name that only begins like a directory is not below it', () => {
  expect(isBelow('/ab', '/a')).toBe(false)
  expect(isBelow('/a/b', '/a')).toBe(true)
  expect(isBelow('/a', '/')).toBe(true)
  expect(isBelow('/a', '/a')).toBe(false)
  expect(isWithin('/a', '/a')).toBe(true)
})

test('the chain to a path leaves out the directory and ends with the path', () => {
  expect(chain('/', '/a/b')).toEqual(['/a', '/a/b'])
  expect(chain('/a', '/a/b/c')).toEqual(['/a/b', '/a/b/c'])
})

test('relative paths have no leading slash', () => {
  expect(relativeTo('/', '/a/b')).toBe('a/b')
  expect(relativeTo('/a', '/a/b')).toBe('b')
})

test.each([
  ['/a/../b//c/', '/b/c'],
  ['/', '/'],
  ['//', '/'],
])('%s is normal as %s', (path, normal) => {
  expect(normalize(path)).toBe(normal)
})
