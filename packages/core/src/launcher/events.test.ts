import { expect, test } from 'vitest'
import { encodeBytes } from '../paths/bytes.ts'
import { EventReader } from './events.ts'

test('events are split at newlines however the bytes arrive', () => {
  const bytes = Buffer.from(
    '{"event":"started","hostPid":1,"setupUs":2}\n{"event":"changes-end","id":"1"}\n',
  )
  for (let cut = 0; cut <= bytes.length; cut++) {
    const reader = new EventReader()
    const events = [...reader.read(bytes.subarray(0, cut)), ...reader.read(bytes.subarray(cut))]
    expect(events).toEqual([
      { event: 'started', hostPid: 1, setupUs: 2 },
      { event: 'changes-end', id: '1' },
    ])
  }
})

test('a path keeps its bytes, UTF-8 or not', () => {
  const line = Buffer.concat([
    Buffer.from('{"event":"taken","ok":true,"path":"/ä'),
    Buffer.from([0xff]),
    Buffer.from('\\n\\"","sizeBytes":1}\n'),
  ])
  const [event] = new EventReader().read(line)
  expect(event).toMatchObject({ event: 'taken', path: expect.stringMatching(/^\/ä/) })
  expect(encodeBytes((event as { path: string }).path)).toEqual(
    Buffer.concat([Buffer.from('/ä'), Buffer.from([0xff]), Buffer.from('\n"')]),
  )
})
