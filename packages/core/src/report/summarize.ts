import type { Leak } from '../handles/types.ts'
import type { SandboxEnd } from '../launcher/types.ts'
import type { RunReport } from './types.ts'

interface Spread {
  readonly median: number
  readonly max: number
}

/** The figures of a run. */
export interface RunFigures {
  readonly files: number
  readonly sandboxes: number
  /** Microseconds; `null` where no sandbox started. */
  readonly setupUs: Spread | null
  /** How many `isolate()` there were, and what entering them took in microseconds. */
  readonly isolations: number
  readonly enterUs: Spread | null
  readonly noRoute: { readonly count: number; readonly files: readonly string[] }
  readonly kept: {
    readonly paths: readonly string[]
    readonly sizeBytes: number
    readonly failures: readonly string[]
  }
  readonly leftProcesses: number
  /** What a test left open, without connections that clients keep for their next request. */
  readonly leaks: readonly Leak[]
}

export function summarize({ sandboxes, isolations }: RunReport): RunFigures {
  const ends = [...sandboxes.flatMap(({ end }) => end ?? []), ...isolations]
  const stopped = [
    ...sandboxes.map(({ files, end }) => ({ files, count: noRouteOf(end) })),
    ...isolations.map((end) => ({ files: end.files, count: noRouteOf(end) })),
  ].filter(({ count }) => count > 0)
  const kept = ends.flatMap((end) => end.kept)
  return {
    files: new Set(
      sandboxes.flatMap(({ files, project }) => files.map((file) => `${project ?? ''}\0${file}`)),
    ).size,
    sandboxes: sandboxes.length,
    setupUs: spread(sandboxes.flatMap(({ setupUs }) => setupUs ?? [])),
    isolations: isolations.length,
    enterUs: spread(isolations.map(({ enterMs }) => enterMs * 1000)),
    noRoute: {
      count: sum(stopped.map(({ count }) => count)),
      files: [...new Set(stopped.flatMap(({ files }) => files))],
    },
    kept: {
      paths: [...new Set(kept.map(({ path }) => path))],
      sizeBytes: sum(kept.map(({ sizeBytes }) => sizeBytes)),
      failures: ends.flatMap((end) => end.keepFailures.map(({ message }) => message)),
    },
    leaks: ends.flatMap(({ leaks = [] }) => leaks.filter(({ kind }) => kind !== 'keep-alive')),
    leftProcesses:
      sum(sandboxes.map(({ end }) => end?.leftProcesses ?? 0)) +
      sum(isolations.map(({ endedProcesses }) => endedProcesses)),
  }
}

function noRouteOf(end: Pick<SandboxEnd, 'noRoute'> | null): number {
  return end?.noRoute ? end.noRoute.ipv4 + end.noRoute.ipv6 : 0
}

function spread(values: readonly number[]): Spread | null {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted.length === 0 ? null : { median: median(sorted), max: sorted.at(-1) ?? 0 }
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
