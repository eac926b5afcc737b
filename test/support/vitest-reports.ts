import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { VitestProject, VitestResult } from './vitest-project.ts'

const unhandledReporter = fileURLToPath(
  new URL('../fixtures/vitest/reporters/unhandled.mjs', import.meta.url),
)

/** What a run reported, without what differs between two runs of the same files: times, places, the pool's name. */
export interface Reports {
  readonly exitCode: number | null
  readonly json: unknown
  readonly junit: string
  readonly unhandled: unknown
}

/** Runs the project with every report that programs read. */
export async function runWithReports(
  project: VitestProject,
  args: readonly string[] = [],
): Promise<Reports & { readonly result: VitestResult }> {
  const result = await project.run([
    '--reporter=default',
    '--reporter=json',
    '--reporter=junit',
    `--reporter=${unhandledReporter}`,
    '--outputFile.json=report.json',
    '--outputFile.junit=report.xml',
    ...args,
  ])
  const read = (name: string): string => {
    const path = join(project.directory, name)
    return existsSync(path) ? withoutPlaces(readFileSync(path, 'utf8'), project) : '""'
  }
  return {
    result,
    exitCode: result.exitCode,
    json: withoutTimes(JSON.parse(read('report.json'))),
    junit: read('report.xml').replace(/ (?:time|timestamp|hostname)="[^"]*"/g, ''),
    unhandled: sorted(JSON.parse(read('unhandled.json'))),
  }
}

function withoutPlaces(text: string, { directory }: VitestProject): string {
  return text.replaceAll(directory, '<project>').replace(/Worker (?:forks|netns)/g, 'Worker <pool>')
}

/** Where a stack has left the project's files, Node 20 counts a frame of its own more or less, up to ten in all. */
export function withoutRunnersFrames(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/(\n\s+at (?!.*<project>).*)+$/, '')
  if (Array.isArray(value)) return value.map(withoutRunnersFrames)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withoutRunnersFrames(inner)]),
  )
}

const times = new Set(['startTime', 'endTime', 'duration', 'perfStats'])

function withoutTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTimes)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([key]) => !times.has(key))
  return Object.fromEntries(
    kept.map(([key, inner]) => [key, key === 'testResults' ? byName(inner) : withoutTimes(inner)]),
  )
}

/** Files end in any order. */
function byName(results: unknown): unknown {
  const files = (results as { name: string }[]).map(withoutTimes) as { name: string }[]
  return files.toSorted((a, b) => a.name.localeCompare(b.name))
}

function sorted(unhandled: unknown): unknown {
  const { reason, errors } = unhandled as { reason: string; errors: unknown[] }
  return { reason, errors: errors.map((error) => JSON.stringify(error)).toSorted() }
}
