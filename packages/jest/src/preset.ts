import { createRequire } from 'node:module'
import { useOwnCompileCache } from './host/own-compile-cache.ts'

// Before what it is for is loaded.
useOwnCompileCache()

// oxlint-disable-next-line import/no-default-export -- as Jest reads presets
export default createRequire(import.meta.url)('./settings.cjs') as unknown
