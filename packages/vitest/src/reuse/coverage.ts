import { pathToFileURL } from 'node:url'

interface CoverageModule {
  startCoverage?(options: { readonly isolate?: boolean }): unknown
  stopCoverage?(options: unknown): unknown
}

/**
 * V8 counts blocks only in functions that it compiled while it was told to, and keeps what it has compiled for the next file
 * with the same module. So its counting goes on, as Vitest has it with `isolate: false`; each file's counts are taken, and
 * begin at zero, when it ends.
 *
 * @param vitestWorker path of a module of Vitest, which finds its provider from there
 */
export async function countOn(vitestWorker: string): Promise<void> {
  const url = import.meta.resolve('@vitest/coverage-v8', pathToFileURL(vitestWorker).href)
  const { default: coverage } = (await import(url)) as { readonly default?: CoverageModule }
  const start = coverage?.startCoverage?.bind(coverage)
  if (!coverage || !start) return
  coverage.startCoverage = (options) => start({ ...options, isolate: false })
  coverage.stopCoverage = () => {}
}
