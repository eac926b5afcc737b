import type { NetnsError } from '../errors/netns-error.ts'
import type { FallbackRecord } from './types.ts'

/** Says loudly what does not hold; once per run. */
export function fallbackWarning({ message }: NetnsError): string {
  return `\nTESTS RUN WITHOUT ISOLATION (fallback: 'warn'): files, network, processes and host name are those of this machine.\n${message}\n`
}

export function fallbackRecord(file: string, { message }: NetnsError): FallbackRecord {
  return { file, reason: message.split('\n', 1)[0] ?? message }
}
