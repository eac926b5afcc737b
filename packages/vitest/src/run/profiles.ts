import { isAbsolute, join, relative, resolve } from 'node:path'

/**
 * Globs for what Node's profilers write when a worker ends (`--cpu-prof` and the like in `execArgv`): it is
 * kept as plain Vitest keeps it.
 */
export function profileGlobs(execArgv: readonly string[], projectRoot: string): string[] {
  if (!hasProfiler(execArgv)) return []
  const directories = execArgv.flatMap((arg, index) => {
    const option = /^--(?:cpu-prof-dir|heap-prof-dir|diagnostic-dir)(?:=(.*))?$/.exec(arg)
    return option ? [option[1] ?? execArgv[index + 1] ?? ''] : []
  })
  return [process.cwd(), ...directories.map((directory) => resolve(directory))]
    .map((directory) => relative(projectRoot, directory))
    .filter((directory) => !directory.startsWith('..') && !isAbsolute(directory))
    .map((directory) => join(directory, '*.{cpuprofile,heapprofile,heapsnapshot,log}'))
}

export function hasProfiler(execArgv: readonly string[]): boolean {
  return execArgv.some((arg) => /^--(?:cpu-prof|heap-prof|prof|heapsnapshot)/.test(arg))
}
