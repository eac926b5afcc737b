import { expect, test } from 'vitest'
import { rootSteps } from './steps.ts'

test('without options a root has what its parent has', () => {
  expect(rootSteps({}, '/project')).toEqual([])
})

test('paths are absolute, relative to the project, or below HOME', () => {
  const fs = { private: ['/var/cache', 'data', '~/.config'], tmpSizeBytes: 65_536 }
  expect(rootSteps({ fs }, '/project')).toEqual([
    ['tmpfs', 'root/var/cache', '755', '-', '-', '65536'],
    ['tmpfs', 'root/project/data', '755', '-', '-', '65536'],
    ['tmpfs', `root${process.env['HOME']}/.config`, '755', '-', '-', '65536'],
  ])
})

test('what stays writable is set apart before all is made read-only', () => {
  const fs = { mode: 'readonly', writable: ['/project/out'] } as const
  expect(rootSteps({ fs: { ...fs, writable: [...fs.writable] } }, '/project')).toEqual([
    ['writable', 'root/project/out'],
    ['readonly-all'],
  ])
})

test('a hidden path that does not exist is no mistake', () => {
  expect(rootSteps({ fs: { hide: ['/no/such/path', '/etc'] } }, '/project')).toEqual([
    ['mask', 'root/etc'],
  ])
})

test('names of hosts come after those that are there', () => {
  const [step] = rootSteps({ hosts: { 'api.test': '127.0.0.1' } }, '/project')
  expect(step?.slice(0, 2)).toEqual(['file', 'root/etc/hosts'])
  expect(step?.at(-1)).toMatch(/\n127\.0\.0\.1 api\.test\n$/)
})
