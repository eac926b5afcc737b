import { ENVIRONMENT_NAME } from './names.ts'

type Pragmas = Readonly<Record<string, string | readonly string[]>>

/** `netns` of `@jest-environment-options {"netns": {…}}`. Text that is no JSON is Jest's own to report. */
export function docblockOptions(pragmas: Pragmas): unknown {
  const text = pragmas['jest-environment-options']
  if (typeof text !== 'string') return undefined
  try {
    const options: unknown = JSON.parse(text)
    return (options as Record<string, unknown> | null)?.[ENVIRONMENT_NAME]
  } catch {
    return undefined
  }
}
