// Two servers for the browser tests: a site with pages of every kind, and a
// stand-in for the collector that can fail in every way.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { minifyBeacon } from '../beacon/minify.mjs';

/** @param {import('node:http').RequestListener} listener @param {number} [port] */
const listen = (listener, port = 0) =>
  new Promise((resolve, reject) => {
    const server = createServer(listener);
    server.on('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });

/** @param {import('node:http').Server} server */
const close = (server) =>
  new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });

/** Serves pages, each by a function of its URL; another host name is another origin. */
export class Site {
  /** @type {Record<string, (url: URL) => string>} */
  pages = {};
  /** How often a page was asked for. */
  asked = 0;

  async start() {
    this.server = await listen((request, response) => {
      const url = new URL(request.url, 'http://site');
      const page = this.pages[url.pathname];
      if (page) this.asked++;
      // No-store would keep pages out of the back/forward cache.
      response.writeHead(page ? 200 : 404, { 'Content-Type': url.pathname.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8' });
      response.end(page ? page(url) : 'not here');
    });
    this.port = this.server.address().port;
    this.origin = `http://127.0.0.1:${this.port}`;
    return this;
  }

  stop() {
    return close(this.server);
  }
}

/** Takes hits as docs/wire.md says, and keeps them. */
export class Collector {
  hits = [];
  /** @type {(hit: any) => {status: number, headers?: object}} */
  answer = () => ({ status: 200 });

  async start() {
    this.script = await minifyBeacon(await readFile(new URL('../beacon/wake.js', import.meta.url), 'utf8'));
    await this.back();
    // Reached by a name that is not the site's: another site, as in life.
    this.origin = `http://localhost:${this.port}`;
    return this;
  }

  /** The server is there again, at the same port. */
  async back() {
    this.server = await listen((request, response) => this.#serve(request, response), this.port);
    this.port = this.server.address().port;
  }

  /** The server is gone: connections are refused. */
  away() {
    return close(this.server);
  }

  #serve(request, response) {
    if (request.url.startsWith('/wake.js')) {
      response.writeHead(200, { 'Content-Type': 'text/javascript', 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'max-age=600' });
      return response.end(this.script);
    }
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const hit = { ...JSON.parse(body), headers: request.headers, method: request.method, path: request.url };
      const { status, headers } = this.answer(hit);
      hit.status = status;
      this.hits.push(hit);
      response.writeHead(status, {
        'Access-Control-Allow-Origin': request.headers.origin || '*',
        'Access-Control-Allow-Credentials': 'true',
        'Access-Control-Expose-Headers': 'Retry-After',
        'Content-Type': 'application/json',
        ...headers,
      });
      response.end('{}');
    });
  }

  /** Hits of one test, which has a site key of its own. @param {string} site */
  of(site) {
    return this.hits.filter((hit) => hit.site === site);
  }

  /** Accepted events of a site: the largest engaged_ms of each id. @param {string} site */
  events(site) {
    const all = new Map();
    for (const hit of this.of(site))
      if (hit.status == 200)
        for (const event of hit.events) {
          const known = all.get(event.id);
          if (!known || (event.engaged_ms || 0) > (known.engaged_ms || 0)) all.set(event.id, { ...event, visit: hit.visit_token });
        }
    return [...all.values()].sort((a, b) => a.time - b.time);
  }

  /** @param {string} site */
  names(site) {
    return this.events(site).map((event) => event.name);
  }
}
