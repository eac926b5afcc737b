import { summarize, type RunFigures } from './summarize.ts'
import type { RunReport } from './types.ts'

const LABEL_WIDTH = 13
const MAX_NAMES = 5

/** The end-of-run summary as plain text; empty where netns had nothing to do. */
export function renderSummary(report: RunReport): string {
  if (report.sandboxes.length === 0 && report.fallbacks.length === 0) return ''
  const figures = summarize(report)
  return [
    ...(figures.sandboxes > 0 ? [line('Isolated', isolated(figures))] : []),
    ...isolationLines(figures),
    ...fallbackLines(report),
    ...networkLines(figures),
    ...keptLines(figures),
    ...(figures.leftProcesses > 0
      ? [
          line(
            'Ended',
            `${count(figures.leftProcesses, 'process', 'processes')} that tests left running`,
          ),
        ]
      : []),
    ...leakLines(figures),
    ...report.degrees.map(({ message }) => line('Degree', message)),
    ...report.notes.map((note) => line('Note', note)),
  ].join('\n')
}

function line(label: string, text: string): string {
  return `${label.padStart(LABEL_WIDTH)}  ${text.replaceAll('\n', `\n${' '.repeat(LABEL_WIDTH + 2)}`)}`
}

function isolated({ files, sandboxes, setupUs }: RunFigures): string {
  const what = `${count(files, 'file')} in ${count(sandboxes, 'sandbox', 'sandboxes')}`
  return setupUs === null
    ? what
    : `${what}, set up in ${milliseconds(setupUs.median)} (median), ${milliseconds(setupUs.max)} (max)`
}

function isolationLines({ isolations, enterUs }: RunFigures): string[] {
  if (!enterUs) return []
  const { median, max } = enterUs
  const what = `${isolations} × isolate(), entered in ${milliseconds(median)} (median), ${milliseconds(max)} (max)`
  return [line('Within files', what)]
}

function fallbackLines({ fallbacks }: RunReport): string[] {
  if (fallbacks.length === 0) return []
  const reasons = [...new Set(fallbacks.map(({ reason }) => reason))]
  return [
    line(
      'NOT ISOLATED',
      `${count(fallbacks.length, 'file')} ran without a sandbox (fallback: 'warn')\n${reasons.join('\n')}`,
    ),
  ]
}

function networkLines({ noRoute }: RunFigures): string[] {
  if (noRoute.count === 0) return []
  return [
    line(
      'Network',
      `${count(noRoute.count, 'attempt')} to leave the sandbox stopped: ${names(noRoute.files)}`,
    ),
  ]
}

function keptLines({ kept }: RunFigures): string[] {
  const written =
    kept.paths.length === 0
      ? []
      : [
          line(
            'Kept',
            `${count(kept.paths.length, 'file')}, ${bytes(kept.sizeBytes)}: ${names(kept.paths)}`,
          ),
        ]
  return [...written, ...kept.failures.map((failure) => line('Not kept', failure))]
}

function leakLines({ leaks }: RunFigures): string[] {
  if (leaks.length === 0) return []
  const found = leaks.map(({ description, stack }) =>
    stack === undefined ? description : `${description} (${stack})`,
  )
  return [line('Closed', `${count(found.length, 'thing')} that tests left open: ${names(found)}`)]
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}

function names(all: readonly string[]): string {
  const rest = all.length - MAX_NAMES
  return all.slice(0, MAX_NAMES).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

function milliseconds(microseconds: number): string {
  return `${(microseconds / 1000).toFixed(1)} ms`
}

function bytes(size: number): string {
  if (size < 1000) return `${size} B`
  return size < 1e6 ? `${(size / 1000).toFixed(1)} kB` : `${(size / 1e6).toFixed(1)} MB`
}
