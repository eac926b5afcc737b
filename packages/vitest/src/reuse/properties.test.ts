import { expect, test } from 'vitest'
import { Properties } from './properties.ts'

const symbol = Symbol('of a test')

test('what was added, replaced, deleted or redefined is put back', () => {
  const object: Record<PropertyKey, unknown> = { same: 1, replaced: 2, deleted: 3, redefined: 4 }
  const before = Object.getOwnPropertyDescriptors(object)
  const properties = new Properties(object)
  object['added'] = 5
  object[symbol] = 6
  object['replaced'] = Number.NaN
  delete object['deleted']
  Object.defineProperty(object, 'redefined', { get: () => 7, configurable: true })
  expect(properties.restore()).toBe(true)
  expect(Object.getOwnPropertyDescriptors(object)).toEqual(before)
  expect(properties.restore()).toBe(false)
})

test('a getter is not called', () => {
  const object = {
    get costly(): never {
      throw new Error('called')
    },
  }
  expect(new Properties(object).restore()).toBe(false)
})

test('changes that are kept are what the next restore goes back to', () => {
  const object: Record<string, unknown> = { one: 1, gone: 2 }
  const properties = new Properties(object)
  object['test'] = true
  const before = properties.read()
  object['polyfill'] = true
  delete object['gone']
  properties.keepChangesSince(before)
  object['one'] = 'changed'
  properties.restore()
  expect(object).toEqual({ one: 1, polyfill: true })
})

test('ignored keys stay as they are', () => {
  const object = { _events: {}, own: 1 }
  const properties = new Properties(object, (key) => key === '_events')
  const events = {}
  object._events = events
  properties.restore()
  expect(object._events).toBe(events)
})
