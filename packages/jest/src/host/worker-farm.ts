import type { ChildProcess } from 'node:child_process'
import type {
  JestWorkerModule,
  Worker,
  WorkerFarmClass,
  WorkerOptions,
  WorkerPoolClass,
} from '../jest.ts'

/** How one worker process starts. */
export interface WorkerStart {
  readonly execPath: string
  readonly execArgv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Called once the process is there. */
  started(child: ChildProcess): void
  /** Asked after each file: whether the worker goes on in a new process. */
  renews(): boolean
}

/** What makes a farm's workers other than jest-worker's. */
export interface FarmSetup {
  readonly numWorkers: number
  /** Called for each process: a worker that crashed, or that is renewed, gets another one. */
  start(workerId: number): WorkerStart
  /** The farm's workers, as they are made. */
  readonly workers: Worker[]
}

/**
 * Calls a function during which jest-worker's class makes other workers. jest-runner makes its farm before it first waits, and
 * takes no other options for it than those of the config.
 */
export function withFarm<Result>(
  module: JestWorkerModule,
  setup: FarmSetup,
  call: () => Result,
): Result {
  const stock = module.Worker
  module.Worker = farmClass(stock, setup)
  try {
    return call()
  } finally {
    module.Worker = stock
  }
}

function farmClass(Stock: WorkerFarmClass, setup: FarmSetup): WorkerFarmClass {
  const StockPool = poolClassOf(Stock)
  class Pool extends StockPool {
    override createWorker(options: WorkerOptions): Worker {
      const starter = new Starter(options.workerId, setup)
      const worker = super.createWorker({ ...options, forkOptions: starter.forkOptions(options) })
      starter.attend(worker)
      setup.workers.push(worker)
      return worker
    }
  }
  return class extends Stock {
    constructor(path: string, options: object) {
      const { numWorkers } = setup
      super(path, { ...options, enableWorkerThreads: false, numWorkers, WorkerPool: Pool })
    }
  }
}

/** jest-worker exports no pool class, but lets one be given. */
function poolClassOf(Stock: WorkerFarmClass): WorkerPoolClass {
  const empty = new Stock('/', { numWorkers: 0, exposedMethods: [] })
  return empty._workerPool.constructor as WorkerPoolClass
}

/** Starts the processes of one worker. */
class Starter {
  readonly #workerId: number
  readonly #setup: FarmSetup
  #next: WorkerStart | undefined

  constructor(workerId: number, setup: FarmSetup) {
    this.#workerId = workerId
    this.#setup = setup
  }

  /** jest-worker spreads these at each fork, so the getters run once per process. */
  forkOptions({ forkOptions }: WorkerOptions): NonNullable<WorkerOptions['forkOptions']> {
    const begin = (): WorkerStart => (this.#next = this.#setup.start(this.#workerId))
    const next = (): WorkerStart => this.#next ?? begin()
    return {
      ...forkOptions,
      stdio: ['pipe', 'pipe', 'pipe', 'ipc', 'pipe'],
      get execPath() {
        return begin().execPath
      },
      get execArgv() {
        return [...next().execArgv]
      },
      get env() {
        return next().env
      },
    }
  }

  /** The first process is there; others follow. */
  attend(worker: Worker): void {
    this.#started(worker)
    const initialize = worker.initialize.bind(worker)
    worker.initialize = () => {
      const before = worker._child
      initialize()
      if (worker._child !== before) this.#started(worker)
    }
    const send = worker.send.bind(worker)
    worker.send = (request, onStart, onEnd, onCustomMessage) => {
      const ended = (...result: unknown[]): void => {
        if (this.#next?.renews() && worker._child.connected) renew(worker)
        onEnd(...result)
      }
      send(request, onStart, ended, onCustomMessage)
    }
  }

  #started(worker: Worker): void {
    this.#next?.started(worker._child)
  }
}

/** As jest-worker's `idleMemoryLimit: 0` of Jest 30; that of Jest 29 lets the next file start before the process ends. */
function renew(worker: Worker): void {
  // The next file's request is sent again to the next process; this one must not begin with it.
  worker._child.send = () => true
  worker.state = 'restarting'
  worker.killChild()
}
