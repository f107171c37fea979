// A page without a browser: enough of one to run wake.js and see what it
// stores and sends, under a clock that the test moves (vi.useFakeTimers).

import { readFileSync } from 'node:fs';
import { vi } from 'vitest';
import { minifyBeacon } from './minify.mjs';

const written = readFileSync(new URL('./wake.js', import.meta.url), 'utf8');

/** wake.js as it is written, and as it is served. */
const forms = { written, minified: await minifyBeacon(written) };
let form = forms.minified;

/** @param {keyof typeof forms} name what open() runs from now on */
export function use(name) {
  form = forms[name];
}

export const MINUTE = 60e3; // ms

/** A clock that stands still until pass() moves it. */
export function stopClock() {
  vi.useFakeTimers({ now: Date.UTC(2026, 5, 1, 12), toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
  vi.advanceTimersByTime(1); // performance.now() is not 0 when scripts run
}

/** Lets time pass, with what was due in it. @param {number} ms */
export const pass = (ms) => vi.advanceTimersByTimeAsync(ms);

/** What a browser keeps between the pages of a site. */
export class Device {
  storage = {};
  #cookies = new Map(); // name → {value, until}

  get cookie() {
    for (const [name, { until }] of this.#cookies) if (until <= Date.now()) this.#cookies.delete(name);
    return [...this.#cookies].map(([name, { value }]) => `${name}=${value}`).join('; ');
  }

  set cookie(text) {
    const [pair, ...attributes] = text.split(';').map((part) => part.trim());
    const [name, value] = pair.split('=');
    const age = attributes.find((attribute) => attribute.startsWith('max-age='))?.slice(8);
    this.#cookies.set(name, { value, until: age == null ? Infinity : Date.now() + age * 1e3, attributes });
  }

  attributes(name) {
    return this.#cookies.get(name)?.attributes;
  }
}

/** A collector whose answers the test chooses. */
export class Server {
  /** @type {any[]} every hit that came, in order */
  hits = [];
  /** @type {(hit: any) => {status: number, headers?: object} | Error | Promise<any>} */
  answer = () => ({ status: 200 });

  /** Events that were answered 200, the latest state of each, in order. */
  get events() {
    const all = new Map();
    for (const hit of this.hits) if (hit.status == 200) for (const event of hit.events) all.set(event.id, event);
    return [...all.values()];
  }

  get names() {
    return this.events.map((event) => event.name);
  }

  async take(url, body, by) {
    const hit = { ...JSON.parse(body), url: String(url), by, at: Date.now() };
    const answer = await this.answer(hit);
    if (answer instanceof Error) throw answer;
    this.hits.push(Object.assign(hit, { status: answer.status }));
    return { ok: answer.status == 200, status: answer.status, headers: new Headers(answer.headers) };
  }
}

/**
 * Opens a page.
 * @param {Server} server
 * @param {any} [options]
 */
export function open(server, options = {}) {
  const {
    device = new Device(),
    url = 'https://shop.example/',
    referrer = '',
    title = 'Shop',
    data = { site: 'k1' }, // data-… attributes, camelCase
    src = 'https://wake.example/wake.js',
    navigator = {},
    window: extra = {},
    before = () => {},
  } = options;
  const window = new EventTarget();
  const location = new URL(url);
  const document = Object.assign(new EventTarget(), {
    referrer,
    title,
    hidden: false,
    focused: true,
    hasFocus() {
      return this.focused && !this.hidden;
    },
    currentScript: { src, dataset: data },
    querySelector: () => null,
  });
  Object.defineProperty(document, 'cookie', {
    get: () => device.cookie,
    set: (text) => (device.cookie = text),
  });
  const history = {
    pushState: (_state, _title, to) => (location.href = new URL(to, location).href),
    replaceState: (_state, _title, to) => (location.href = new URL(to, location).href),
  };
  const globals = {
    document,
    location,
    history,
    localStorage: device.storage,
    navigator: {
      language: 'de',
      cookieEnabled: true,
      sendBeacon: (to, body) => (server.take(to, body, 'beacon').catch(() => {}), true),
      ...navigator,
    },
    screen: { width: 1920, height: 1080 },
    addEventListener: window.addEventListener.bind(window),
    fetch: (to, { body }) => server.take(to, body, 'fetch'),
    ...extra,
  };
  Object.assign(window, globals);
  before({ window, document });
  const names = Object.keys(globals);
  const run = new Function('window', ...names, form);
  const load = () => run(window, ...names.map((name) => globals[name]));
  load();

  /** @param {string} type @param {object} [properties] */
  const fire = (type, properties = {}) => window.dispatchEvent(Object.assign(new Event(type), properties));
  return {
    window,
    document,
    device,
    location,
    history,
    load,
    fire,
    wake: /** @type {any} */ (window).wake,
    blur() {
      document.focused = false;
      fire('blur');
    },
    focus() {
      document.focused = true;
      fire('focus');
    },
    hide() {
      document.hidden = true;
      fire('visibilitychange');
    },
    show() {
      document.hidden = false;
      fire('visibilitychange');
    },
    /** As browsers do when the page goes. */
    leave() {
      fire('pagehide');
      this.hide();
    },
    queued: () => Object.keys(device.storage).filter((key) => key.startsWith('wake:')),
  };
}
