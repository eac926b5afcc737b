import { stripTypeScriptTypes } from 'node:module'

/** A transformer: Node itself takes the types away, and leaves every line where it is. */
// oxlint-disable-next-line import/no-default-export -- as Jest loads transformers
export default { process: (source) => ({ code: stripTypeScriptTypes(source) }) }
