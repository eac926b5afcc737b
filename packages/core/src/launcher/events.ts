import { decodeBytes } from '../paths/bytes.ts'

/** What the launcher writes to its channel, one JSON object a line. */
export type LauncherEvent =
  | {
      event: 'error' | 'degraded'
      stage: string
      syscall: string
      path: string
      errno: number
      message: string
    }
  | { event: 'started'; hostPid: number; setupUs: number }
  | {
      event: 'ended'
      exitCode: number | null
      signal: number | null
      noRoute: { ipv4: number; ipv6: number } | null
      leftProcesses: number
      maxRssKiB: number
    }
  | {
      event: 'change'
      id: string
      path: string
      type: string
      mode: number
      sizeBytes: number
      mtimeNs?: string
    }
  | { event: 'changes-end'; id: string }
  | { event: 'taken'; ok: true; path: string; sizeBytes: number }
  | {
      event: 'taken'
      ok: false
      path: string
      stage: string
      syscall: string
      errno: number
      message: string
    }

export type FailureEvent = Extract<LauncherEvent, { event: 'error' }>
export type EndedEvent = Extract<LauncherEvent, { event: 'ended' }>
export type ChangeEvent = Extract<LauncherEvent, { event: 'change' }>
export type TakenEvent = Extract<LauncherEvent, { event: 'taken' }>

const NEWLINE = 0x0a

/** Splits the launcher's bytes into events; a line may come in pieces. */
export class EventReader {
  #rest: Buffer = Buffer.alloc(0)

  read(chunk: Buffer): LauncherEvent[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const events: LauncherEvent[] = []
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      events.push(parseEvent(bytes.subarray(start, end)))
      start = end + 1
    }
    this.#rest = bytes.subarray(start)
    return events
  }
}

/** Paths are bytes: JSON is parsed byte for character, and each string decoded after. */
function parseEvent(line: Buffer): LauncherEvent {
  return JSON.parse(line.toString('latin1'), (_key, value: unknown) =>
    typeof value === 'string' ? decodeBytes(Buffer.from(value, 'latin1')) : value,
  ) as LauncherEvent
}
