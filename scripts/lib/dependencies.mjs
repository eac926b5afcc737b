import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { root } from './paths.mjs'
import { run } from './process.mjs'

/** Brings node_modules to what package-lock.json says; does nothing when it is there already. */
export async function installDependencies() {
  if (isInstalled()) return
  console.log('Installing npm packages …')
  const result = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    env: process.env,
  })
  if (!result.ok) throw new Error(`npm ci failed (${result.ending}):\n${result.output}`)
}

/**
 * npm writes what it has installed to node_modules/.package-lock.json, as its last step. Times of
 * the two files say nothing: a checkout or a copy changes them. Optional packages may be missing:
 * most of them are for other systems.
 */
function isInstalled() {
  const installed = readPackages('node_modules/.package-lock.json')
  const wanted = readPackages('package-lock.json')
  if (!installed || !wanted) return false
  return Object.entries(wanted)
    .filter(([path]) => path.includes('node_modules/'))
    .every(([path, entry]) => isSatisfied(installed[path], entry))
}

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }} LockEntry
 *
 * @param {LockEntry | undefined} installed
 * @param {LockEntry} wanted
 */
function isSatisfied(installed, wanted) {
  if (!installed) return Boolean(wanted.optional ?? wanted.devOptional)
  return installed.version === wanted.version && installed.integrity === wanted.integrity
}

/**
 * @param {string} path
 * @returns {Record<string, LockEntry> | undefined}
 */
function readPackages(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8')).packages
  } catch {
    return undefined
  }
}
