import type { SandboxPlan } from './types.ts'

/** Encodes a plan as the launcher reads it. */
export function encodePlan(_plan: SandboxPlan): Buffer {
  return Buffer.alloc(0)
}
