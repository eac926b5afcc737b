import { expect, test } from 'vitest'
import { resolveLauncher } from './resolve-launcher.ts'

test('NETNS_LAUNCHER names the executable', () => {
  expect(resolveLauncher({ NETNS_LAUNCHER: process.execPath })).toBe(process.execPath)
})

test('a file that is missing is reported with its path and the command that brings it', () => {
  expect(() => resolveLauncher({ NETNS_LAUNCHER: '/no/launcher' })).toThrow(
    expect.objectContaining({
      code: 'NETNS_LAUNCHER_MISSING',
      path: '/no/launcher',
      errno: 'ENOENT',
      hint: expect.stringContaining('npm install'),
    }),
  )
})

test('an empty variable counts as none', () => {
  expect(resolveLauncher({ NETNS_LAUNCHER: '' })).toMatch(/netns-launcher$/)
})
