import { expect, test } from 'vitest'
import { docblockOptions } from './docblock.ts'

const key = `${'jest'}-environment-options`

test('the options of a docblock are those below netns', () => {
  expect(docblockOptions({ [key]: '{"netns":{"net":"none"},"url":"http://a/"}' })).toEqual({
    net: 'none',
  })
})

test.each([
  ['no such pragma', {}],
  ['options of other environments only', { [key]: '{"url":"http://a/"}' }],
  ['text that is no JSON, which Jest reports', { [key]: '{netns' }],
  ['null', { [key]: 'null' }],
  ['two of them, which Jest takes no part of', { [key]: ['{}', '{}'] }],
])('%s gives none', (_, pragmas) => {
  expect(docblockOptions(pragmas as Parameters<typeof docblockOptions>[0])).toBeUndefined()
})
