import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { readFirstLine } from './first-line.ts'
import { paths, ports, sourceDir } from './paths.ts'

/** Starts the search daemon, which outlives its parent: nothing here ever stops it. Returns its process id. */
export async function startSearch(): Promise<number> {
  const daemon = spawn(process.execPath, [join(sourceDir, 'search-daemon.ts'), paths.database], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const line = await readFirstLine(daemon.stdout)
  daemon.unref()
  daemon.stdout.destroy()
  if (line !== 'ready') throw new Error(`search: ${line}`)
  return daemon.pid as number
}

export async function search(word: string): Promise<string[]> {
  const answer = await fetch(`http://127.0.0.1:${ports.search}/?word=${encodeURIComponent(word)}`)
  return (await answer.json()) as string[]
}
