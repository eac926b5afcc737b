import { expect, test } from 'vitest'
import { isOlderKernel } from './kernel-version.ts'

test.each([
  ['6.5.13-generic', true],
  ['6.6.0', false],
  ['6.18.44-fc', false],
  ['5.15.0-105-generic', true],
  ['7.0', false],
])('%s is older than 6.6: %s', (release, older) => {
  expect(isOlderKernel(release, 6, 6)).toBe(older)
})
