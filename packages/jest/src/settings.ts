import { rememberListeners } from './host/listeners.ts'
import { environmentPath, runnerPath } from './names.ts'

// Jest reads presets before `globalSetup`: whoever listens now is no service of the run.
rememberListeners()

/** What the preset sets. */
export const testEnvironment = environmentPath
export const runner = runnerPath
