import { createRequire } from 'node:module'
import type { JestWorkerModule } from '../jest.ts'
import { NETNS_EVENT, type WorkerMessage, type WorkerSetup } from '../protocol.ts'

let messageParent: JestWorkerModule['messageParent'] | undefined

/** As an event of Jest's runner: jest-worker passes nothing else on. */
export function sendToRunner({ jestRunner }: WorkerSetup, message: WorkerMessage): void {
  messageParent ??= (createRequire(jestRunner)('jest-worker') as JestWorkerModule).messageParent
  messageParent([NETNS_EVENT, message])
}
