import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { paths } from './paths.ts'

const run = promisify(execFile)
const dataDir = dirname(paths.database)
const file = basename(paths.database)

/** Packs the database into `backup-N.tar.gz`, the next free number. */
export async function createBackup(): Promise<string> {
  mkdirSync(paths.backups, { recursive: true })
  const archive = join(paths.backups, `backup-${readdirSync(paths.backups).length + 1}.tar.gz`)
  await run('tar', ['--create', '--gzip', `--file=${archive}`, `--directory=${dataDir}`, file])
  return archive
}

export async function listBackup(archive: string): Promise<string[]> {
  const { stdout } = await run('tar', ['--list', `--file=${archive}`])
  return stdout.trim().split('\n')
}

/** Replaces the database. The shop must not run. */
export async function restoreBackup(archive: string): Promise<void> {
  await run('tar', ['--extract', `--file=${archive}`, `--directory=${dataDir}`])
}
