import { existsSync, readFileSync } from 'node:fs'
import { paths } from './paths.ts'

export interface Config {
  name: string
  currency: string
  vatPercent: number
  mailHost: string
  mailPort: number
}

const defaults: Config = {
  name: 'The Shop',
  currency: 'EUR',
  vatPercent: 20,
  mailHost: 'smtp.shop.example',
  mailPort: 25,
}

function readSettings(file: string): Partial<Config> {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Config>) : {}
}

/** The user's settings win over the machine's, and both over the defaults. */
export function loadConfig(): Config {
  return { ...defaults, ...readSettings(paths.systemConfig), ...readSettings(paths.userConfig) }
}
