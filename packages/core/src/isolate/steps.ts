import { existsSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from '../control/socket.ts'
import type { IsolateFsOptions, IsolateOptions } from './types.ts'

/** What a root has beside what its parent has. Reads the files that the caller sees. */
export function rootSteps({ fs = {}, hosts = {} }: IsolateOptions, projectRoot: string): Command[] {
  const paths = (list: readonly string[] = []): string[] =>
    list.map((path) => absolute(path, projectRoot))
  return [
    ...paths(fs.writable).map((path): Command => ['writable', dest(path)]),
    ...(fs.mode === 'readonly' ? [['readonly-all'] satisfies Command] : []),
    ...paths(fs.private).map((path) => privateStep(path, fs)),
    ...Object.entries(fs.bind ?? {}).map(([inside, outside]) =>
      bindStep(absolute(inside, projectRoot), absolute(outside, projectRoot)),
    ),
    ...hostsSteps(hosts),
    ...paths(fs.hide)
      .filter((path) => existsSync(path))
      .map((path): Command => ['mask', dest(path)]),
    ...paths(fs.readonly).map((path): Command => ['readonly', dest(path)]),
  ]
}

function absolute(path: string, projectRoot: string): string {
  if (path === '~' || path.startsWith('~/')) return resolve(homedir(), path.slice(2))
  return resolve(projectRoot, path)
}

function dest(path: string): string {
  return `root${path}`
}

function privateStep(path: string, { tmpSizeBytes }: IsolateFsOptions): Command {
  const size = tmpSizeBytes === undefined ? '-' : String(tmpSizeBytes)
  return ['tmpfs', dest(path), '755', '-', '-', size]
}

/** The source is what the caller sees at that path. */
function bindStep(inside: string, outside: string): Command {
  const isDirectory = statSync(outside).isDirectory()
  return ['bind', dest(inside), outside, isDirectory ? 'present,rec' : 'present,file']
}

function hostsSteps(hosts: Record<string, string>): Command[] {
  const lines = Object.entries(hosts).map(([name, address]) => `${address} ${name}\n`)
  if (lines.length === 0) return []
  const present = existsSync('/etc/hosts') ? readFileSync('/etc/hosts', 'utf8') : ''
  return [['file', 'root/etc/hosts', '644', '-', '-', present + lines.join('')]]
}
