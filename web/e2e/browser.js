// The system's Chromium, started once for each file of tests; every test has
// a context of its own.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** Where Chromium is: $WAKE_CHROMIUM, else the first on the path. */
export function executable() {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const found = [
    process.env.WAKE_CHROMIUM,
    ...(process.env.PATH || '').split(':').flatMap((folder) => names.map((name) => join(folder, name))),
  ].find((path) => path && existsSync(path));
  if (!found) throw new Error('no Chromium: install it, or set WAKE_CHROMIUM');
  return found;
}

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @param {string[]} [more] flags */
export function launch(more = []) {
  return chromium.launch({
    executablePath: executable(),
    args: [...flags, ...more],
    // The back/forward cache is part of what is tested.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
}

/**
 * Chromium as people run it, on one page: what Playwright switches off, such
 * as prerendering, works here. Returns how to end it.
 * @param {string} url
 */
export async function plain(url) {
  const profile = await mkdtemp(join(tmpdir(), 'wake-chromium-'));
  const child = spawn(executable(), ['--headless', ...flags, `--user-data-dir=${profile}`, '--remote-debugging-port=0', url], { stdio: 'ignore' });
  return async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
}

/**
 * Waits until get() gives something true, and returns it.
 * @template T
 * @param {() => T | Promise<T>} get
 * @param {string} [what] for the error
 * @returns {Promise<T>}
 */
export async function until(get, what = String(get), ms = 10000) {
  const end = Date.now() + ms;
  for (;;) {
    const got = await get();
    if (got) return got;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
