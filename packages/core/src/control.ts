/* What the entry of every worker needs before anything else. */
export { setWorkerPlace, takeControl } from './control/worker-place.ts'
