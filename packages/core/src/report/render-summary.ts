import type { RunReport } from './types.ts'

/** The end-of-run summary as plain text lines; empty where nothing was isolated. */
export function renderSummary(_report: RunReport): string {
  return ''
}
