import { isMainThread } from 'node:worker_threads'
import { FILE_ROOT, Roots, type EnteredRoot, type NetworkKind } from '../control/roots.ts'
import { workerPlace, type WorkerPlace } from '../control/worker-place.ts'
import { NetnsError } from '../errors/netns-error.ts'
import { ActiveSandbox } from './active-sandbox.ts'
import { fallbackSandbox } from './fallback-sandbox.ts'
import { findOpenFiles, type OpenFile } from './open-files.ts'
import { IsolateQueue, type Scope } from './queue.ts'
import { socketSteps } from './sockets.ts'
import { rootSteps } from './steps.ts'
import type { IsolatedSandbox, IsolateOptions } from './types.ts'
import { goTo } from './working-directory.ts'

const usesIoUring = process.env['UV_USE_IO_URING'] === '1'

/** The root that top-level sandboxes stand on: the file's. */
export const BASE_ROOT = 'baseRoot'

/**
 * Gives the caller's code files, a network and processes of its own: it sees what was written before, and what it
 * writes is gone at the end. The process stays the same one.
 *
 * @example
 * test('migrates the database', async () => {
 *   await using sandbox = await isolate()
 *   await migrate('data/app.db')
 *   expect(await sandbox.changes()).toEqual([{ type: 'modified', path: '/project/data/app.db', kind: 'file' }])
 * })
 *
 * @example
 * await isolate(async (sandbox) => { await sandbox.run('git', ['init']) }, { net: 'inherit' })
 *
 * @throws NetnsError `NETNS_NOT_IN_SANDBOX` without the plugin, `NETNS_POOL_UNSUPPORTED` in worker threads,
 *   `NETNS_OPTIONS_INVALID`, `NETNS_ISOLATE_FAILED`, `NETNS_ENOSPC`, `NETNS_ISOLATE_BUSY` and `NETNS_OPEN_FILES` where
 *   these options ask for them, `NETNS_IO_URING`, `NETNS_THREADS_STUCK`. After each the process is where it was.
 */
export function isolate(options?: IsolateOptions): Promise<IsolatedSandbox>
export function isolate<Result>(
  body: (sandbox: IsolatedSandbox) => Result | Promise<Result>,
  options?: IsolateOptions,
): Promise<Result>
export function isolate<Result>(
  first: IsolateOptions | ((sandbox: IsolatedSandbox) => Result | Promise<Result>) = {},
  second: IsolateOptions = {},
): Promise<IsolatedSandbox | Result> {
  if (typeof first === 'function') return isolateWhile(first, second)
  const place = workerPlace()
  const scope: Scope = { active: undefined }
  // In the context of the caller: it says which sandbox this one is in.
  const opened = open(place, first, scope)
  // What the caller does after `await isolate()` runs in the context that it has now.
  if (place?.control) IsolateQueue.of(place).scopes.enterWith(scope)
  return opened
}

/**
 * What fixtures and hooks of a runner use: all of the test runs inside, and its own `isolate()` are nested.
 *
 * @throws NetnsError as {@link isolate} does
 */
export function isolateTest<Result>(
  body: (sandbox: IsolatedSandbox) => Result | Promise<Result>,
  options: IsolateOptions = {},
): Promise<Result> {
  return isolateWhile(body, options, true)
}

/** Ends what a test that is over has left open, so that no other test runs in it. */
export function endLeftOver(): void {
  const place = workerPlace()
  if (place?.control) IsolateQueue.of(place).endLeftOver()
}

async function isolateWhile<Result>(
  body: (sandbox: IsolatedSandbox) => Result | Promise<Result>,
  options: IsolateOptions,
  isOfTest = false,
): Promise<Result> {
  const place = workerPlace()
  const scope: Scope = { active: undefined }
  const sandbox = await open(place, options, scope, isOfTest)
  const run = async (): Promise<Result> => body(sandbox)
  try {
    return await (place?.control ? IsolateQueue.of(place).scopes.run(scope, run) : run())
  } finally {
    await sandbox.dispose()
  }
}

async function open(
  place: WorkerPlace | undefined,
  options: IsolateOptions,
  scope: Scope,
  isOfTest = false,
): Promise<IsolatedSandbox> {
  refuseWhereImpossible(place)
  if (!place.control) {
    await check(options)
    return fallbackSandbox()
  }
  const queue = IsolateQueue.of(place)
  const turn = queue.enter(options.concurrency ?? 'queue')
  await check(options).catch(async (error: unknown) => {
    await turn.then(({ leave }) => leave())
    throw error
  })
  const { enclosing, leave } = await turn
  const onDispose = (ended: ActiveSandbox): void => {
    queue.ended(ended)
    leave()
  }
  try {
    const sandbox = enter(place, options, { enclosing, isOfTest, onDispose })
    queue.began(sandbox)
    scope.active = sandbox
    return sandbox
  } catch (error) {
    leave()
    throw error
  }
}

async function check(options: IsolateOptions): Promise<void> {
  if (Object.keys(options).length === 0) return
  const { checkIsolateOptions } = await import('../options/resolve-options.ts')
  checkIsolateOptions(options)
}

function baseRoot(place: WorkerPlace): string {
  return (place.state.get(BASE_ROOT) as string | undefined) ?? FILE_ROOT
}

function refuseWhereImpossible(place: WorkerPlace | undefined): asserts place is WorkerPlace {
  if (!isMainThread)
    throw new NetnsError('NETNS_POOL_UNSUPPORTED', {
      detail: 'isolate() was called in a worker thread',
    })
  if (!place) throw new NetnsError('NETNS_NOT_IN_SANDBOX')
  if (usesIoUring) throw new NetnsError('NETNS_IO_URING')
}

interface Surroundings {
  readonly enclosing: ActiveSandbox | undefined
  readonly isOfTest: boolean
  readonly onDispose: (sandbox: ActiveSandbox) => void
}

function enter(
  place: WorkerPlace,
  options: IsolateOptions,
  { enclosing, isOfTest, onDispose }: Surroundings,
): ActiveSandbox {
  const startedMs = performance.now()
  const cwd = process.cwd()
  const roots = Roots.of(place)
  const network = place.sharesNetwork ? 'inherit' : networkKind(options.net)
  const sockets = network === 'inherit' && !place.sharesNetwork ? socketSteps() : []
  const first = roots.enter({
    parent: enclosing?.rootId ?? baseRoot(place),
    steps: [...sockets, ...rootSteps(options, place.projectRoot)],
    network,
    freeze: 'yes',
  })
  try {
    goTo(cwd)
    const openFiles = checkOpenFiles(first, options)
    const enterMs = performance.now() - startedMs
    const onEnd = (sandbox: ActiveSandbox): void => {
      onDispose(sandbox)
      place.onEnd?.(sandbox.endNow())
    }
    return new ActiveSandbox({
      place,
      first,
      openFiles,
      enterMs,
      owner: place.owner?.(),
      cwd,
      isOutermost: enclosing === undefined,
      isOfTest,
      onDispose: onEnd,
    })
  } catch (error) {
    roots.leave(first, [])
    goTo(cwd)
    throw error
  }
}

function checkOpenFiles(
  { busy }: EnteredRoot,
  { onOpenFiles = 'warn' }: IsolateOptions,
): OpenFile[] {
  const files = busy.length > 0 ? findOpenFiles(busy) : []
  if (files.length === 0) return []
  const detail = list(files)
  if (onOpenFiles === 'error') throw new NetnsError('NETNS_OPEN_FILES', { detail })
  process.emitWarning(
    `files that are open for writing go on writing to the state before isolate(): ${detail}`,
    { code: 'NETNS_OPEN_FILES', type: 'NetnsWarning' },
  )
  return files
}

function networkKind(net: IsolateOptions['net'] = 'loopback'): NetworkKind {
  if (net === 'inherit' || net === 'none') return net
  if (net === 'loopback' || net.mode === undefined) return 'full'
  if (net.mode === 'none') return 'none'
  return Array.isArray(net.services) && net.services.length === 0 ? 'quiet' : 'full'
}

function list(files: readonly OpenFile[]): string {
  return [...new Set(files.map(nameOf))].join(', ')
}

function nameOf({ path, pid }: OpenFile): string {
  return pid === process.pid ? path : `${path} (process ${pid})`
}
