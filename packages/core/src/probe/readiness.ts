import { NetnsError } from '../errors/netns-error.ts'
import type { Degree } from '../plan/types.ts'
import { probe } from './probe.ts'

/** What the probe of this machine came to. */
export type Readiness =
  | { readonly ok: true; readonly degrees: readonly Degree[] }
  | { readonly ok: false; readonly error: NetnsError }

let probing: Promise<Readiness> | undefined

/** Probes this machine, once per process. Never rejects. */
export function readiness(): Promise<Readiness> {
  probing ??= ask()
  return probing
}

/** CI sets this so that no run passes without isolation. */
export function mustWork(): boolean {
  return process.env['NETNS_MUST_WORK'] === '1'
}

async function ask(): Promise<Readiness> {
  const { ok, checks, degrees } = await probe()
  if (ok) return { ok: true, degrees }
  const errors = checks.flatMap(({ error }) => error ?? [])
  return { ok: false, error: combine(errors) }
}

/** The first failure decides the code and the hint; the others are listed, for one fix may not be enough. */
function combine(errors: readonly NetnsError[]): NetnsError {
  const [first] = errors
  if (!first) return new NetnsError('NETNS_SETUP_FAILED', { detail: 'the probe gave no reason' })
  const failures = [...new Set(errors.map(withoutHint))]
  if (failures.length === 1) return first
  return new NetnsError(first.code, {
    detail: failures.join('\n'),
    hint: [...new Set(errors.map(({ hint }) => hint))].join('\n'),
  })
}

function withoutHint({ message, hint }: NetnsError): string {
  return message.endsWith(`\n${hint}`) ? message.slice(0, -hint.length - 1) : message
}
