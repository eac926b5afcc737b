import type { ProcessPart } from './part.ts'

/** `process.env`, also where a test replaced the object. */
export function environmentVariables(): ProcessPart {
  const { env } = process
  const kept = { ...env }
  return {
    restore() {
      process.env = env
      for (const name of Object.keys(env)) if (!(name in kept)) Reflect.deleteProperty(env, name)
      for (const [name, value] of Object.entries(kept)) if (env[name] !== value) env[name] = value
    },
  }
}
