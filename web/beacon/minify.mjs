// How the beacon is made smaller, for the build and for the tests.

import { minify } from 'terser';

/** @param {string} source */
export async function minifyBeacon(source) {
  const { code } = await minify(source, {
    ecma: 2017,
    compress: { passes: 3, unsafe_arrows: true, unsafe: true, pure_getters: true, keep_fargs: false },
    mangle: { properties: { regex: /^(slot|frame|saved|batch)$/ } }, // of its own objects, never sent or stored
  });
  return code + '\n';
}
