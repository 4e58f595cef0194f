import { buildPage } from '../../scripts/build-page.ts'
import { chromiumBinary } from './server-binaries.ts'

/** Before the first test and not within its time: to install a browser takes longer than a test may. */
export default async function setUp(): Promise<void> {
  await Promise.all([buildPage(), chromiumBinary()])
}
