import { expect, test } from 'vitest'
import { Turnstile } from './turnstile.ts'

test('one is inside at a time, in the order in which they came', async () => {
  const turnstile = new Turnstile()
  const seen: string[] = []
  const visit = async (name: string): Promise<void> => {
    const leave = await turnstile.enter('queue', () => '')
    seen.push(`${name} in`)
    await Promise.resolve()
    seen.push(`${name} out`)
    leave()
  }
  await Promise.all(['a', 'b', 'c'].map(visit))
  expect(seen).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out'])
})

test("with concurrency 'error' nobody waits, and the message says who is inside", async () => {
  const turnstile = new Turnstile()
  const leave = await turnstile.enter('error', () => '')
  const second = turnstile.enter('error', () => 'it belongs to the test "first"')
  await expect(second).rejects.toThrow(
    'NETNS_ISOLATE_BUSY: another isolate() of this process is active: it belongs to the test "first"',
  )
  leave()
  await expect(turnstile.enter('error', () => '')).resolves.toBeTypeOf('function')
})
