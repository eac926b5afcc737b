import { NetnsError } from '../errors/netns-error.ts'
import { encodeBytes } from '../paths/bytes.ts'
import type { SandboxPlan, Step } from './types.ts'

/** Encodes a plan as the launcher reads it: `NETNS1 <byteLength>\n`, then `name\0argc\0arg\0…` per step. */
export function encodePlan(plan: Pick<SandboxPlan, 'steps'>): Buffer {
  const body = encodeBytes(plan.steps.map(encodeStep).join(''))
  return Buffer.concat([Buffer.from(`NETNS1 ${body.length}\n`), body])
}

function encodeStep([name, ...args]: Step): string {
  const texts = args as string[]
  const broken = texts.find((text) => text.includes('\0'))
  if (broken !== undefined)
    throw new NetnsError('NETNS_OPTIONS_INVALID', {
      detail: `${JSON.stringify(broken)} holds a NUL`,
    })
  return [name, String(texts.length), ...texts].map((text) => `${text}\0`).join('')
}
