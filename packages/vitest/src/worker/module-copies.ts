import type { WorkerSetup } from '../channel/protocol.ts'
import type { WorkerChannel } from '../channel/worker-channel.ts'

/** Where Vitest says that a transformed module lies. */
interface Copy {
  readonly tmp?: unknown
}

/** Vitest hands transformed modules over as files of the host; this names them as they show inside. */
export class ModuleCopies {
  readonly #places: WorkerSetup['moduleCopies']
  readonly #channel: WorkerChannel

  constructor(places: WorkerSetup['moduleCopies'], channel: WorkerChannel) {
    this.#places = places
    this.#channel = channel
  }

  async show<Result extends object>(result: Result): Promise<Result> {
    const { tmp } = result as Copy
    if (typeof tmp !== 'string') return result
    return {
      ...result,
      tmp: this.#inside(tmp) ?? (await this.#channel.call('showModuleCopy', tmp)),
    }
  }

  /** Leaves out what does not show inside: Vitest fetches that one by one. */
  showAll<Results extends object | null>(results: Results): Results {
    if (results === null) return results
    const shown = Object.entries(results as Record<string, Copy>).flatMap(([url, result]) => {
      if (typeof result.tmp !== 'string') return [[url, result]]
      const tmp = this.#inside(result.tmp)
      return tmp === undefined ? [] : [[url, { ...result, tmp }]]
    })
    return Object.fromEntries(shown) as Results
  }

  #inside(path: string): string | undefined {
    const place = this.#places.find(({ outside }) => path.startsWith(`${outside}/`))
    return place && place.inside + path.slice(place.outside.length)
  }
}
