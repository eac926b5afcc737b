import { NetnsError } from '../errors/netns-error.ts'
import { encodeBytes } from '../paths/bytes.ts'
import type { SandboxPlan } from './types.ts'

/** Encodes a plan as the launcher reads it: `NETNS1 <byteLength>\n`, then `name\0argc\0arg\0…` per step. */
export function encodePlan(plan: Pick<SandboxPlan, 'steps'>): Buffer {
  const body = encodeRecords(plan.steps)
  return Buffer.concat([Buffer.from(`NETNS1 ${body.length}\n`), body])
}

type Record = readonly (string | undefined)[]

/** Records without a length before them, as requests on the control socket have them. */
export function encodeRecords(records: readonly Record[]): Buffer {
  return encodeBytes(records.map(encodeRecord).join(''))
}

function encodeRecord([name = '', ...rest]: Record): string {
  const texts = rest.filter((text) => text !== undefined)
  const broken = texts.find((text) => text.includes('\0'))
  if (broken !== undefined)
    throw new NetnsError('NETNS_OPTIONS_INVALID', {
      detail: `${JSON.stringify(broken)} holds a NUL`,
    })
  return [name, String(texts.length), ...texts].map((text) => `${text}\0`).join('')
}
