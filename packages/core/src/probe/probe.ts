import { existsSync } from 'node:fs'
import { NetnsError } from '../errors/netns-error.ts'
import { readHost } from '../host/read-host.ts'
import type { HostFacts } from '../host/types.ts'
import { launch } from '../launcher/launch.ts'
import { resolveLauncher } from '../launcher/resolve-launcher.ts'
import type { DegradedEvent } from '../launcher/types.ts'
import { resolveOptions } from '../options/resolve-options.ts'
import { planSandbox } from '../plan/plan-sandbox.ts'
import type { SandboxContext, SandboxPlan } from '../plan/types.ts'
import { degreeOf } from '../report/degree-of.ts'
import { effectPlans } from './effect-plans.ts'
import type { ProbeCheck, ProbeReport, ProbeRequest } from './types.ts'

const TIMEOUT_MS = 10_000
const TRUE_COMMANDS = ['/bin/true', '/usr/bin/true', '/run/current-system/sw/bin/true']

/**
 * Makes a small real sandbox and tells which effects this machine refuses, each with its fix. Effects are tried, not
 * versions. Never throws; what works costs one sandbox, a few milliseconds.
 *
 * @example
 * const { ok, checks } = await probe()
 * if (!ok) for (const { error } of checks) if (error) console.error(error.message)
 */
export async function probe(request: ProbeRequest = {}): Promise<ProbeReport> {
  try {
    resolveLauncher()
    const host = request.host ?? readHost()
    return await probeHost(host, request.context ?? defaultContext())
  } catch (error) {
    return { ok: false, checks: [failedCheck('launcher', error)], degrees: [] }
  }
}

function defaultContext(): SandboxContext {
  const cwd = process.cwd()
  return {
    projectRoot: cwd,
    cwd,
    roots: [process.execPath],
    writeThrough: [],
    readThrough: [],
    services: [],
  }
}

async function probeHost(host: HostFacts, context: SandboxContext): Promise<ProbeReport> {
  const plan = planSandbox(resolveOptions({}, 'probe'), host, context)
  const whole = await check('default sandbox', plan, context.cwd)
  const degrees = [...plan.degrees, ...whole.degraded.map(degreeOf)]
  if (whole.check.ok) return { ok: true, checks: [whole.check], degrees }
  const effects: ProbeCheck[] = []
  for (const { name, steps } of effectPlans(host, context)) {
    const effect = await check(
      name,
      { steps, uppers: [], degrees: [], hold: false, threadsPath: null },
      context.cwd,
    )
    effects.push(effect.check)
  }
  const failed = effects.filter((effect) => !effect.ok)
  return { ok: false, checks: failed.length > 0 ? effects : [whole.check, ...effects], degrees }
}

async function check(
  name: string,
  plan: SandboxPlan,
  cwd: string,
): Promise<{ check: ProbeCheck; degraded: readonly DegradedEvent[] }> {
  const command = TRUE_COMMANDS.find((path) => existsSync(path))
  const sandbox = launch({
    plan,
    command: command ?? process.execPath,
    args: command === undefined ? ['--version'] : [],
    env: { PATH: process.env['PATH'] },
    cwd,
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  const timer = setTimeout(() => void sandbox.dispose(), TIMEOUT_MS)
  try {
    const { exitCode, signal } = await sandbox.ended
    if (exitCode === 0) return { check: { name, ok: true }, degraded: sandbox.degraded }
    throw new NetnsError('NETNS_SETUP_FAILED', {
      stage: 'exec',
      detail: `the probe's command ended with ${signal ?? `code ${exitCode}`}`,
    })
  } catch (error) {
    return { check: failedCheck(name, error), degraded: sandbox.degraded }
  } finally {
    clearTimeout(timer)
  }
}

function failedCheck(name: string, error: unknown): ProbeCheck {
  const known =
    error instanceof NetnsError
      ? error
      : new NetnsError('NETNS_SETUP_FAILED', { detail: String(error), cause: error })
  return { name, ok: false, error: known }
}
