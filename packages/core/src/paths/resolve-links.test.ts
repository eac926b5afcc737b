import { expect, test } from 'vitest'
import { fabricateHost } from '../host/fabricated-host.test.fixture.ts'
import { resolveLinks } from './resolve-links.ts'

const { files } = fabricateHost({
  nodes: {
    '/home': '-> data/home',
    '/data/home/me/app': {},
    '/data/home/me/link': '-> ../me/./app',
    '/loop': '-> loop2',
    '/loop2': '-> /loop',
    '/abs': '-> /data',
  },
})

test.each([
  ['/home/me/app', '/data/home/me/app'],
  ['/home/me/link/x/y', '/data/home/me/app/x/y'],
  ['/abs/home', '/data/home'],
  ['/abs/../etc', '/etc'],
  ['/missing/also', '/missing/also'],
  ['/../..', '/'],
])('%s is %s', (path, real) => {
  expect(resolveLinks(files, path)).toBe(real)
})

test('links in a circle end somewhere', () => {
  expect(resolveLinks(files, '/loop/x')).toMatch(/^\/loop2?\/x$/)
})
