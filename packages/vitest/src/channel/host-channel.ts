import type { CallMessage, HostCalls, ReplyMessage } from './protocol.ts'

/** Runs a call of the worker and makes the reply to send. Never rejects. */
export async function answer(calls: HostCalls, message: CallMessage): Promise<ReplyMessage> {
  const { id, name, argument } = message
  try {
    const call = calls[name] as (argument: unknown) => Promise<unknown>
    return { netns: 'reply', id, value: await call(argument) }
  } catch (error) {
    return { netns: 'reply', id, error }
  }
}
