import { FILE_ROOT, Roots, type EnteredRoot } from '../control/roots.ts'
import { workerPlace, type WorkerPlace } from '../control/worker-place.ts'
import { NetnsError } from '../errors/netns-error.ts'
import { BASE_ROOT } from '../isolate/isolate.ts'
import { IsolateQueue } from '../isolate/queue.ts'
import { NetworkUse } from '../isolate/network-use.ts'
import { rootSteps } from '../isolate/steps.ts'
import { goTo } from '../isolate/working-directory.ts'
import type { FileSandboxEnd, FileSandboxes, FileSandboxRequest, WrittenFile } from './types.ts'
import { writtenFiles } from './written-files.ts'

/**
 * The sandboxes of this worker, one for each file.
 *
 * @throws NetnsError `NETNS_NOT_IN_SANDBOX` where this process is no worker of netns
 */
export function openFileSandboxes(): FileSandboxes {
  const place = workerPlace()
  if (!place) throw new NetnsError('NETNS_NOT_IN_SANDBOX')
  return place.control ? new WorkerFileSandboxes(place) : withoutSandbox
}

/** For `fallback: 'warn'`. */
const withoutSandbox: FileSandboxes = {
  begin() {},
  close() {},
  end: () => ({ endedProcesses: 0, noRoute: null, kept: [], setupUs: 0 }),
}

class WorkerFileSandboxes implements FileSandboxes {
  readonly #place: WorkerPlace
  readonly #roots: Roots
  readonly #cwd = process.cwd()
  /** Where the process is: in the root of a file, also after its end. */
  #present: EnteredRoot | undefined
  #request: FileSandboxRequest = {}
  /** The runner writes on the host, in its own time, what files leave: a root that has looked there before would not show it. */
  #hasKept = false
  /** The newest process when the file began. */
  #newest = ''
  /** Of the present network, where it has one of its own. */
  #use: NetworkUse | undefined
  /** Its fingerprint when nobody had used it. */
  #unused = ''
  #setupUs = 0

  constructor(place: WorkerPlace) {
    this.#place = place
    this.#roots = Roots.of(place)
  }

  begin(request: FileSandboxRequest = {}): void {
    const startedMs = performance.now()
    const { options = {}, keep } = request
    const left = this.#present
    this.#request = request
    this.#hasKept ||= keep !== undefined
    this.#present = this.#roots.enter({
      parent: FILE_ROOT,
      steps: rootSteps(options, this.#place.projectRoot),
      network: this.#place.sharesNetwork ? 'inherit' : 'full',
      isUnused: this.#isUnused(),
      freeze: 'yes',
      leaves: left,
      mayStay: !this.#hasKept,
      expectsNext: true,
    })
    IsolateQueue.of(this.#place).open()
    this.#place.state.set(BASE_ROOT, this.#present.id)
    goTo(this.#cwd)
    this.#newest = this.#roots.newestProcess()
    const { network } = this.#present
    if (network && network !== left?.network) this.#watchNetwork()
    this.#setupUs = Math.round((performance.now() - startedMs) * 1000)
  }

  close(): void {
    IsolateQueue.of(this.#place).close()
  }

  end(): FileSandboxEnd {
    const present = this.#present
    if (!present) return { endedProcesses: 0, noRoute: null, kept: [], setupUs: 0 }
    const kept = this.#writtenFiles(present)
    const noRoute = this.#use?.noRoute() ?? null
    const endedProcesses = this.#hasBegun() ? this.#roots.endProcesses(present) : 0
    return { endedProcesses, noRoute, kept, setupUs: this.#setupUs }
  }

  #watchNetwork(): void {
    this.#use?.close()
    this.#use = new NetworkUse()
    this.#unused = this.#use.fingerprint()
  }

  /** Asked as late as can be: a timer of the file may have come after its end. */
  #isUnused(): boolean {
    return this.#unused !== '' && !this.#hasBegun() && this.#use?.fingerprint() === this.#unused
  }

  /** Where no process has, PID 1 need not be asked to end any. */
  #hasBegun(): boolean {
    return this.#newest === '' || this.#newest !== this.#roots.newestProcess()
  }

  #writtenFiles({ id }: EnteredRoot): WrittenFile[] {
    const { keep } = this.#request
    if (!keep || keep.globs.length === 0) return []
    return writtenFiles(this.#roots.changes(id, FILE_ROOT), keep)
  }
}
