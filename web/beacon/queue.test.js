import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Device, MINUTE, Server, open, pass, stopClock } from './harness.js';

/** @type {Server} */
let server;

beforeEach(() => {
  stopClock();
  server = new Server();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const away = () => new TypeError('Failed to fetch');

describe('queue', () => {
  test('keeps everything while the server is away, then sends it in order', async () => {
    server.answer = away;
    const page = open(server);
    for (let i = 0; i < 120; i++) {
      page.wake.track('e' + i);
      await pass(1000);
    }
    expect(server.hits).toEqual([]);
    expect(page.queued()).toHaveLength(121);
    server.answer = () => ({ status: 200 });
    await pass(10 * MINUTE);
    expect(server.names).toEqual(['$view', ...Array.from({ length: 120 }, (_, i) => 'e' + i)]);
    expect(page.queued()).toEqual([]);
    expect(Math.max(...server.hits.map((hit) => hit.events.length))).toBeLessThanOrEqual(100);
  });

  test('survives reloads', async () => {
    const device = new Device();
    server.answer = away;
    open(server, { device }).wake.track('Before');
    await pass(1000);
    server.answer = () => ({ status: 200 });
    open(server, { device });
    await pass(500);
    expect(server.names).toContain('Before');
    expect(server.events).toHaveLength(3);
    expect(server.hits[0].landing_page).toBe('https://shop.example/');
  });

  test('waits longer each time, up to some minutes, never at the same moment as others', async () => {
    let tries = [];
    server.answer = () => (tries.push(Date.now()), away());
    vi.spyOn(Math, 'random').mockReturnValue(0);
    open(server);
    await pass(60 * MINUTE);
    const waits = tries.slice(1).map((at, i) => (at - tries[i]) / 1e3);
    expect(waits.slice(0, 10)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 256]);

    tries = [];
    Math.random.mockReturnValue(0.999);
    open(server, { data: { cookieless: '' } });
    await pass(MINUTE);
    expect((tries[1] - tries[0]) / 1e3).toBeCloseTo(1.999, 2);
  });

  for (const status of [429, 503])
    test(`honours Retry-After of a ${status}`, async () => {
      const at = [];
      server.answer = () => (at.push(Date.now()), { status, headers: { 'Retry-After': '120' } });
      const page = open(server);
      await pass(500);
      page.wake.track('More'); // does not shorten the wait
      page.hide(); // nor does this
      await pass(119e3);
      expect(at).toHaveLength(1);
      await pass(121e3);
      expect(at).toHaveLength(2);
    });

  test('tries at once when the connection is back', async () => {
    server.answer = away;
    const page = open(server);
    await pass(5 * MINUTE);
    server.answer = () => ({ status: 200 });
    page.fire('online');
    await pass(0);
    expect(server.names).toEqual(['$view']);
  });

  for (const status of [400, 403, 422])
    test(`drops what is answered ${status}`, async () => {
      server.answer = () => ({ status });
      const page = open(server);
      await pass(200);
      expect(server.hits).toHaveLength(1);
      expect(page.queued()).toEqual([]);
      await pass(30 * MINUTE);
      expect(server.hits).toHaveLength(1);
    });

  for (const status of [301, 404, 500, 502])
    test(`keeps what is answered ${status}`, async () => {
      server.answer = () => ({ status });
      const page = open(server);
      await pass(200);
      expect(page.queued()).toHaveLength(1);
    });

  test('splits what is too large, and drops only what is too large alone', async () => {
    server.answer = (hit) => ({ status: JSON.stringify(hit.events).length > 3000 ? 413 : 200 });
    const page = open(server);
    for (let i = 0; i < 20; i++) page.wake.track('e' + i, { text: 'x'.repeat(i == 7 ? 9000 : 300) });
    await pass(1000);
    expect(server.names).toHaveLength(20);
    expect(server.names).not.toContain('e7');
    expect(page.queued()).toEqual([]);
  });

  test('is bounded, and lets the oldest go', async () => {
    server.answer = away;
    const page = open(server);
    for (let i = 0; i < 600; i++) page.wake.track('e' + i);
    expect(page.queued()).toHaveLength(500);
    server.answer = () => ({ status: 200 });
    await pass(MINUTE);
    expect(server.names[0]).toBe('e100');
    expect(server.names.at(-1)).toBe('e599');
  });

  test('is shared by tabs, which do not overwrite each other', async () => {
    const device = new Device();
    server.answer = away;
    const tabs = [open(server, { device }), open(server, { device })];
    for (let i = 0; i < 10; i++) tabs[i % 2].wake.track('e' + i);
    await pass(1000);
    expect(tabs[0].queued()).toHaveLength(12);
    server.answer = () => ({ status: 200 });
    await pass(MINUTE);
    expect(server.events).toHaveLength(12); // by id, whoever sent them
    expect(tabs[0].queued()).toEqual([]);
  });

  test('moves to memory when storage is full', async () => {
    const storage = new Proxy({}, {
      set() {
        throw new Error('QuotaExceededError');
      },
    });
    const device = new Device();
    device.storage = storage;
    open(server, { device }).wake.track('Kept');
    await pass(200);
    expect(server.names).toEqual(['$view', 'Kept']);
  });

  test('is not blocked by what it cannot read', async () => {
    const device = new Device();
    device.storage['wake:0'] = 'garbage';
    server.take = new Proxy(server.take, {
      apply: async (take, self, args) => {
        try {
          JSON.parse(args[1]);
        } catch {
          return { ok: false, status: 400, headers: new Headers() };
        }
        return take.apply(self, args);
      },
    });
    const page = open(server, { device });
    await pass(500);
    expect(server.names).toEqual(['$view']);
    expect(page.queued()).toEqual([]);
  });

  test('a lost answer does not hold it up for ever', async () => {
    server.answer = () => new Promise(() => {});
    const page = open(server);
    await pass(31e3);
    server.answer = () => ({ status: 200 });
    page.wake.track('Next');
    await pass(200);
    expect(server.names).toEqual(['$view', 'Next']);
  });

  test('sends one request at a time', async () => {
    let asked = 0;
    let answer;
    server.answer = () => (asked++, new Promise((resolve) => (answer = () => resolve({ status: 200 }))));
    const page = open(server);
    await pass(200);
    for (let i = 0; i < 5; i++) {
      page.wake.track('e' + i);
      await pass(1000);
    }
    expect(asked).toBe(1);
    answer();
    await pass(200);
    expect(asked).toBe(2);
    answer();
    await pass(200);
    expect(server.names).toEqual(['$view', 'e0', 'e1', 'e2', 'e3', 'e4']);
  });

  test('a page that goes sends one beacon and nothing else', async () => {
    const page = open(server);
    await pass(1000);
    page.leave();
    await pass(1000);
    expect(server.hits.map((hit) => hit.by)).toEqual(['fetch', 'beacon']);
  });

  test('leaving sends all that was not acknowledged, once', async () => {
    server.answer = away;
    const page = open(server, { data: { cookieless: '' } });
    page.wake.track('Unsent');
    await pass(3000);
    server.answer = () => ({ status: 200 });
    page.leave();
    await pass(0);
    expect(server.hits.map((hit) => hit.by)).toEqual(['beacon']);
    expect(server.events).toMatchObject([{ name: '$view', engaged_ms: 3000 }, { name: 'Unsent' }]);
  });
});

describe('never throws into the page', () => {
  /** @type {[string, any][]} */
  const cases = [
    ['localStorage is forbidden', { before: ({ window }) => Object.defineProperty(window, 'localStorage', { get() { throw new Error('SecurityError'); } }), window: { localStorage: undefined } }],
    ['localStorage is null', { window: { localStorage: null } }],
    ['no sendBeacon', { navigator: { sendBeacon: undefined } }],
    ['no fetch', { window: { fetch: undefined } }],
    ['a hook that throws', { data: { before: 'boom' }, window: { boom() { throw new Error('boom'); } } }],
    ['an element called wake', { window: { wake: { id: 'wake' } } }],
  ];
  for (const [name, options] of cases)
    test(name, async () => {
      const page = open(server, options);
      const circular = {};
      circular.self = circular;
      page.wake.track('Circular', circular);
      page.wake.track();
      page.wake('nothing of the kind');
      page.wake.identify();
      page.blur();
      page.leave();
      await pass(5000);
    });

  test('and history works as before', async () => {
    const page = open(server);
    page.history.pushState({ a: 1 }, '', '/next');
    expect(page.location.pathname).toBe('/next');
  });
});
