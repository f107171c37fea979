// The same tests again, with wake.js as it is written: it is served so where
// nothing was built.

import { use } from './harness.js';

use('written');
await import('./wake.test.js');
await import('./queue.test.js');
