import { expect, test } from 'vitest'
import { nodeArguments } from './node-arguments.ts'

test('workers have the options of Jest, but not its inspector', () => {
  const args = ['--experimental-vm-modules', '--inspect-brk', '--max-old-space-size=64']
  expect(nodeArguments(args, false)).toEqual({
    args: ['--experimental-vm-modules', '--max-old-space-size=64'],
    publish: [],
  })
})

test.each([
  ['--inspect', '--inspect=127.0.0.1:9230'],
  ['--inspect=9300', '--inspect=127.0.0.1:9301'],
  ['--inspect-brk=127.0.0.1:9300', '--inspect-brk=127.0.0.1:9301'],
  ['--inspect-wait=[::1]:9300', '--inspect-wait=[::1]:9301'],
])('the only worker of a Jest with %s has %s', (given, passed) => {
  expect(nodeArguments([given], true)).toEqual({
    args: [passed],
    publish: [passed.slice(passed.indexOf('=') + 1)],
  })
})

test('an inspector that chooses its port is Jest’s alone', () => {
  expect(nodeArguments(['--inspect=0'], true)).toEqual({ args: [], publish: [] })
})
