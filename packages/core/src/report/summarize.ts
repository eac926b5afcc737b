import type { Leak } from '../handles/types.ts'
import type { RunReport, SandboxRecord } from './types.ts'

/** The figures of a run. */
export interface RunFigures {
  readonly files: number
  readonly sandboxes: number
  /** Microseconds; `null` where no sandbox started. */
  readonly setupUs: { readonly median: number; readonly max: number } | null
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

export function summarize({ sandboxes }: RunReport): RunFigures {
  const setups = sandboxes.flatMap(({ setupUs }) => setupUs ?? []).toSorted((a, b) => a - b)
  const stopped = sandboxes.filter((sandbox) => noRouteOf(sandbox) > 0)
  const ends = sandboxes.flatMap(({ end }) => end ?? [])
  const kept = ends.flatMap((end) => end.kept)
  return {
    files: new Set(
      sandboxes.flatMap(({ files, project }) => files.map((file) => `${project ?? ''}\0${file}`)),
    ).size,
    sandboxes: sandboxes.length,
    setupUs: setups.length === 0 ? null : { median: median(setups), max: setups.at(-1) ?? 0 },
    noRoute: {
      count: sum(stopped.map(noRouteOf)),
      files: [...new Set(stopped.flatMap(({ files }) => files))],
    },
    kept: {
      paths: [...new Set(kept.map(({ path }) => path))],
      sizeBytes: sum(kept.map(({ sizeBytes }) => sizeBytes)),
      failures: ends.flatMap((end) => end.keepFailures.map(({ message }) => message)),
    },
    leaks: ends.flatMap(({ leaks = [] }) => leaks.filter(({ kind }) => kind !== 'keep-alive')),
    leftProcesses: sum(ends.map(({ leftProcesses }) => leftProcesses)),
  }
}

function noRouteOf({ end }: SandboxRecord): number {
  return end?.noRoute ? end.noRoute.ipv4 + end.noRoute.ipv6 : 0
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
