import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from './config.ts'
import { type Mail, sendMail } from './mail.ts'
import { paths } from './paths.ts'

export interface Unsent {
  mail: Mail
  reason: string
}

/** Sends a message, or keeps it on disk with the reason: an order never fails because of its mail. */
export async function sendOrKeep(id: number, config: Config, mail: Mail): Promise<boolean> {
  try {
    await sendMail(config.mailHost, config.mailPort, mail)
    return true
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error)
    mkdirSync(paths.outbox, { recursive: true })
    writeFileSync(
      join(paths.outbox, `${id}.json`),
      JSON.stringify({ mail, reason } satisfies Unsent),
    )
    return false
  }
}

function listFiles(): string[] {
  mkdirSync(paths.outbox, { recursive: true })
  return readdirSync(paths.outbox)
    .toSorted()
    .map((name) => join(paths.outbox, name))
}

function readUnsent(file: string): Unsent {
  return JSON.parse(readFileSync(file, 'utf8')) as Unsent
}

export function listUnsent(): Unsent[] {
  return listFiles().map(readUnsent)
}

/** Tries the kept messages once more; one that fails again stays, and ends the attempt. */
export async function flushOutbox(config: Config): Promise<void> {
  for (const file of listFiles()) {
    await sendMail(config.mailHost, config.mailPort, readUnsent(file).mail)
    rmSync(file)
  }
}
