import { isolateTest, type IsolateOptions } from '@netns/core/worker'
import { aroundEach } from 'vitest'
import { PER_TEST_KEY } from './names.ts'

/* The first setup file where `perTest` is set: its hook is around those of the user. */

const options = Reflect.get(globalThis, PER_TEST_KEY) as IsolateOptions

aroundEach((runTest) => isolateTest(() => runTest(), options))
