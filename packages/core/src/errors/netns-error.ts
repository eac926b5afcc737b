import { catalogue, type NetnsErrorCode } from './catalogue.ts'

/** What is known of a failure beside its code. */
export interface NetnsErrorDetails {
  /** Replaces the catalogue's one-line title. */
  readonly title?: string
  /** What exactly went wrong, after the title. */
  readonly detail?: string
  /** Replaces the catalogue's hint. */
  readonly hint?: string
  readonly stage?: string
  readonly syscall?: string
  /** The errno's name, such as `EPERM`. */
  readonly errno?: string
  readonly path?: string
  readonly cause?: unknown
}

/**
 * The only error class of netns. `code` never changes its meaning; `hint` is the command or setting that mends it.
 *
 * @example
 * try { … } catch (error) {
 *   if (error instanceof NetnsError && error.code === 'NETNS_USERNS_DENIED') console.error(error.hint)
 * }
 */
export class NetnsError extends Error {
  override readonly name = 'NetnsError'
  /** Permanent; see docs/errors.md. */
  readonly code: NetnsErrorCode
  /** The exact command or setting that mends it. */
  readonly hint: string
  /** Where docs/errors.md explains this code. */
  readonly url: string
  /** The step that failed, such as `overlay`, `clone` or `exec`. */
  declare readonly stage?: string
  declare readonly syscall?: string
  /** The errno's name, such as `EPERM`. */
  declare readonly errno?: string
  declare readonly path?: string

  constructor(code: NetnsErrorCode, details: NetnsErrorDetails = {}) {
    const hint = details.hint ?? catalogue[code].hint
    super(
      renderMessage(code, details, hint),
      details.cause === undefined ? undefined : { cause: details.cause },
    )
    this.code = code
    this.hint = hint
    this.url = `docs/errors.md#${code.toLowerCase()}`
    if (details.stage !== undefined) this.stage = details.stage
    if (details.syscall !== undefined) this.syscall = details.syscall
    if (details.errno !== undefined) this.errno = details.errno
    if (details.path !== undefined) this.path = details.path
  }
}

function renderMessage(code: NetnsErrorCode, details: NetnsErrorDetails, hint: string): string {
  const title = details.title ?? catalogue[code].title
  const detail = details.detail ?? renderStep(details)
  return `${code}: ${title}${detail === '' ? '' : separator(detail) + detail}\n${hint}`
}

function separator(detail: string): string {
  return detail.includes('\n') ? ':\n' : ': '
}

function renderStep({ stage, syscall, errno, path }: NetnsErrorDetails): string {
  const step = stage === undefined ? [] : [`stage ${stage}`]
  const call =
    syscall === undefined
      ? []
      : [`${syscall}${path === undefined ? '' : ` ${JSON.stringify(path)}`}`]
  return [...step, ...call, ...(errno === undefined ? [] : [errno])].join(', ')
}
