// The real server, as a user starts it: $WAKE_BIN (default ../bin/wake) on a
// free port, with a database of its own.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './browser.js';

const binary = process.env.WAKE_BIN || fileURLToPath(new URL('../../bin/wake', import.meta.url));

const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

export class Wake {
  /** @param {string[]} [flags] of `wake serve` */
  async start(flags = []) {
    if (!existsSync(binary)) throw new Error(`no ${binary}: run \`make build\`, or set WAKE_BIN`);
    this.data = await mkdtemp(join(tmpdir(), 'wake-e2e-'));
    this.flags = flags;
    this.port = await freePort();
    this.origin = `http://localhost:${this.port}`;
    this.key = this.command('key', 'add', '--scope', 'read');
    return this;
  }

  /** Runs a subcommand and returns the last word that it prints. @param {...string} words */
  command(...words) {
    const { stdout, stderr, status } = spawnSync(binary, [...words, '--data', this.data], { encoding: 'utf8' });
    if (status) throw new Error(`wake ${words.join(' ')}: ${stderr}`);
    return stdout.trim().split(/\s+/).pop();
  }

  async serve() {
    this.child = spawn(binary, ['serve', '--listen', `127.0.0.1:${this.port}`, '--data', this.data, ...this.flags], { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    this.child.stderr.on('data', (chunk) => (log = (log + chunk).slice(-4000)));
    await until(() => {
      if (this.child.exitCode != null) throw new Error('wake serve ended: ' + log);
      return fetch(`http://127.0.0.1:${this.port}/readyz`).then(({ ok }) => ok, () => false);
    }, '/readyz');
    return this;
  }

  /** @param {NodeJS.Signals} [signal] */
  async end(signal = 'SIGTERM') {
    const { child } = this;
    if (!child || child.exitCode != null || child.signalCode) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  async remove() {
    await this.end();
    await rm(this.data, { recursive: true, force: true });
  }

  /** @param {string} path below /api/v1 */
  async get(path) {
    const answer = await fetch(`http://127.0.0.1:${this.port}/api/v1${path}`, { headers: { Authorization: `Bearer ${this.key}` } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** The visits whose landing page has the given utm_campaign, newest first. @param {string} campaign */
  async visits(campaign) {
    return (await this.get('/visits')).visits.filter((visit) => visit.utm_campaign == campaign);
  }

  /** @param {{id: string}} visit */
  async events(visit) {
    return (await this.get(`/visits/${visit.id}/events`)).events;
  }
}
