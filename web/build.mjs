// Builds what Wake serves into dist/: wake.js without its comments, the Faye
// client that pages may load from the hub, and ahoy.js for the page of the
// browser tests that carries it. Prints the sizes; a beacon that is too large
// is an error.

import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { minifyBeacon } from './beacon/minify.mjs';

const BEACON_BUDGET = 2720; // bytes, gzipped: all but presence, which brings it to 3 KB at most

const here = (path) => new URL(path, import.meta.url);

await mkdir(here('dist/'), { recursive: true });

const beacon = await minifyBeacon(await readFile(here('beacon/wake.js'), 'utf8'));
await writeFile(here('dist/wake.js'), beacon);
const size = gzipSync(beacon, { level: 9 }).length;
console.log(`wake.js: ${beacon.length} bytes, ${size} gzipped (at most ${BEACON_BUDGET})`);

// The Faye client is Apache-2.0; its licence is named in its first lines or
// is put there.
const faye = await readFile(here('node_modules/faye/client/faye-browser-min.js'), 'utf8');
const fayeNotice = '/*! Faye, https://faye.jcoglan.com, (c) James Coglan and contributors, Apache License 2.0 */\n';
await writeFile(here('dist/faye-browser-min.js'), fayeNotice + faye.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n'));

// ahoy.js is MIT; its notice goes with it.
const ahoy = await readFile(here('node_modules/ahoy.js/dist/ahoy.min.js'), 'utf8');
const licence = await readFile(here('node_modules/ahoy.js/LICENSE.txt'), 'utf8');
await writeFile(here('dist/ahoy.js'), `/*! ahoy.js\n${licence.trim()}\n*/\n${ahoy}`);

if (size > BEACON_BUDGET) {
  console.error('wake.js is over its budget');
  process.exit(1);
}
