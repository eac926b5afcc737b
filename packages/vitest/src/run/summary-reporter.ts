import { pruneCompileCache, renderSummary } from '@netns/core/runner'
import type { Reporter } from 'vitest/node'
import type { Run } from './run.ts'

/** Built-in reporters that write for readers, and those whose output programs read. */
const forReaders = ['default', 'verbose', 'tree', 'dot', 'agent', 'minimal', 'github-actions']
const forPrograms = ['json', 'junit', 'tap', 'tap-flat', 'teamcity']

/** Prints what was isolated when a test run ends. Must come after the user's reporters. */
export function summaryReporter(run: Run): Reporter {
  return {
    onTestRunStart(specifications) {
      run.begin(specifications)
    },
    async onTestRunEnd() {
      await run.settled()
      for (const directory of run.compileCaches) pruneCompileCache(directory)
      const summary = renderSummary(run.report.report())
      if (summary === '') return
      const { logger } = run.vitest
      if (writesForReaders(run)) logger.log(`\n${summary}`)
      else logger.error(`\n${summary}`)
    },
  }
}

/** Standard output is free for text unless a program reads it; of an unknown reporter we cannot tell. */
function writesForReaders({ vitest }: Run): boolean {
  const names = vitest.config.reporters.map((reporter) =>
    Array.isArray(reporter) ? reporter[0] : '',
  )
  const outputFile: unknown = vitest.config.outputFile
  const machine = names.some(
    (name) => forPrograms.includes(name) && !hasOutputFile(outputFile, name),
  )
  return !machine && names.some((name) => forReaders.includes(name))
}

function hasOutputFile(outputFile: unknown, name: string): boolean {
  if (typeof outputFile === 'string') return true
  return typeof outputFile === 'object' && outputFile !== null && name in outputFile
}
