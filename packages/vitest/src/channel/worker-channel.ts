import type { CallMessage, HostCall, HostCalls, ReplyMessage } from './protocol.ts'

/** Calls from the worker to the runner. */
export interface WorkerChannel {
  call<Name extends HostCall>(
    name: Name,
    argument: Parameters<HostCalls[Name]>[0],
  ): ReturnType<HostCalls[Name]>
  accept(reply: ReplyMessage): void
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** @param send must be the real `process.send`: tests may replace the property */
export function createWorkerChannel(send: (message: CallMessage) => void): WorkerChannel {
  const pending = new Map<number, Waiting>()
  let lastId = 0
  return {
    call(name, argument) {
      const id = ++lastId
      const reply = new Promise((resolve, reject) => pending.set(id, { resolve, reject }))
      send({ netns: 'call', id, name, argument })
      return reply as ReturnType<HostCalls[typeof name]>
    },
    accept(reply) {
      const waiting = pending.get(reply.id)
      pending.delete(reply.id)
      if ('error' in reply) waiting?.reject(reply.error)
      else waiting?.resolve(reply.value)
    },
  }
}
