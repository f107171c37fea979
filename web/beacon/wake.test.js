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

describe('page views', () => {
  test('the first says how the visit began', async () => {
    const page = open(server, { url: 'https://shop.example/a?utm_source=x#part', referrer: 'https://search.example/' });
    await pass(200);
    expect(server.hits).toHaveLength(1);
    const { events, visit_token, visitor_token, sent, ...hit } = server.hits[0];
    expect(hit).toMatchObject({
      site: 'k1',
      url: 'https://wake.example/wake/hit',
      landing_page: 'https://shop.example/a?utm_source=x',
      referrer: 'https://search.example/',
      screen: [1920, 1080],
      language: 'de',
      time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    });
    expect(sent).toBe(hit.at);
    expect(visit_token).toMatch(/^[a-z0-9-]{20,64}$/);
    expect(visitor_token).toMatch(/^[a-z0-9-]{20,64}$/);
    expect(visitor_token).not.toBe(visit_token);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      name: '$view',
      url: 'https://shop.example/a?utm_source=x',
      title: 'Shop',
      referrer: 'https://search.example/',
      time: Date.UTC(2026, 5, 1, 12) + 1,
    });
    expect(page.queued()).toEqual([]);
  });

  test('the next page goes on with the visit and does not say it again', async () => {
    const device = new Device();
    open(server, { device });
    await pass(200);
    open(server, { device, url: 'https://shop.example/b', referrer: 'https://shop.example/' });
    await pass(200);
    const [first, second] = server.hits;
    expect(second.visit_token).toBe(first.visit_token);
    expect(second.visitor_token).toBe(first.visitor_token);
    expect(second).not.toHaveProperty('landing_page');
  });

  test('a single-page application has many', async () => {
    const page = open(server, { url: 'https://shop.example/?lang=de' });
    await pass(200);
    page.history.pushState(null, '', '/list?lang=de');
    page.document.title = 'List'; // after the address, as routers do
    await pass(200);
    page.history.replaceState(null, '', '/list?lang=de&q=wo'); // as the visitor types
    page.history.replaceState(null, '', '/list?lang=de&q=wool');
    page.location.href = 'https://shop.example/item';
    page.fire('popstate');
    page.location.hash = 'reviews';
    page.fire('hashchange');
    await pass(200);
    expect(server.events.map(({ url, title, referrer }) => [url, title, referrer])).toEqual([
      ['https://shop.example/?lang=de', 'Shop', ''],
      ['https://shop.example/list?lang=de', 'List', 'https://shop.example/?lang=de'],
      ['https://shop.example/item', 'List', 'https://shop.example/list?lang=de'],
    ]);
  });

  test('data-hash tells pages apart by the fragment', async () => {
    const page = open(server, { url: 'https://shop.example/?a=1#/one', data: { hash: '' } });
    page.location.hash = '#/two';
    page.fire('hashchange');
    page.fire('popstate');
    await pass(200);
    expect(server.events.map((event) => event.url)).toEqual(['https://shop.example/?a=1#/one', 'https://shop.example/?a=1#/two']);
  });

  test('data-auto="false" leaves them to the page', async () => {
    const page = open(server, { data: { auto: 'false' } });
    page.history.pushState(null, '', '/list');
    await pass(200);
    expect(server.hits).toEqual([]);
    page.wake.view({ kind: 'list' });
    await pass(200);
    expect(server.events).toMatchObject([{ name: '$view', url: 'https://shop.example/list', properties: { kind: 'list' } }]);
  });

  test('a page that was prerendered or opened in the background counts when it is looked at', async () => {
    const page = open(server, {
      before: ({ document }) => (document.hidden = true),
    });
    await pass(5000);
    expect(server.hits).toEqual([]);
    expect(page.device.cookie).toBe('');
    page.show();
    await pass(200);
    expect(server.names).toEqual(['$view']);
  });

  test('coming back by the back button is another one', async () => {
    const page = open(server);
    await pass(200);
    page.leave();
    await pass(1000);
    page.document.hidden = false;
    page.fire('pageshow', { persisted: true });
    page.fire('visibilitychange');
    await pass(200);
    expect(server.names).toEqual(['$view', '$view']);
  });

  test('including the script twice counts once', async () => {
    const page = open(server);
    page.load();
    await pass(200);
    expect(server.names).toEqual(['$view']);
  });
});

describe('engaged time', () => {
  const engaged = () => server.events[0].engaged_ms;

  test('counts while the page is visible and focused, and nothing else', async () => {
    const page = open(server);
    await pass(5000);
    page.blur();
    await pass(7000);
    expect(engaged()).toBe(5000);
    page.focus();
    await pass(2000);
    page.hide();
    await pass(60000);
    expect(engaged()).toBe(7000);
    page.show();
    await pass(1500);
    page.leave();
    await pass(0);
    expect(engaged()).toBe(8500);
    expect(server.names).toEqual(['$view']);
  });

  test('is not resent while attention lasts', async () => {
    const page = open(server);
    await pass(1000);
    page.fire('pageshow', { persisted: false });
    page.fire('focus');
    await pass(1000);
    expect(server.hits).toHaveLength(1);
  });

  test('belongs to each page of a single-page application', async () => {
    const page = open(server);
    await pass(3000);
    page.history.pushState(null, '', '/b');
    await pass(4000);
    page.leave();
    await pass(0);
    expect(server.events.map((event) => event.engaged_ms)).toEqual([3000, 4000]);
  });

  test('counted while an older sum is on its way is sent afterwards', async () => {
    const page = open(server);
    await pass(1000);
    let answer;
    server.answer = () => new Promise((resolve) => (answer = () => resolve({ status: 200 })));
    page.blur();
    await pass(200); // 1000 ms are on their way
    page.focus();
    await pass(2000);
    page.blur(); // 3000 ms
    answer();
    server.answer = () => ({ status: 200 });
    await pass(200);
    expect(engaged()).toBe(3000);
    expect(page.queued()).toEqual([]);
  });
});

describe('visits', () => {
  test('end after half an hour without a sign of life; the next begins with a view', async () => {
    const page = open(server, { referrer: 'https://search.example/' });
    await pass(1000);
    page.blur();
    await pass(31 * MINUTE);
    page.focus();
    await pass(200);
    expect(server.names).toEqual(['$view', '$view']);
    const last = server.hits.at(-1);
    expect(last.visit_token).not.toBe(server.hits[0].visit_token);
    expect(last.visitor_token).toBe(server.hits[0].visitor_token);
    expect(last).toMatchObject({ landing_page: 'https://shop.example/', referrer: '' });
  });

  test('go on while a page is read, however long', async () => {
    const page = open(server);
    await pass(45 * MINUTE);
    page.wake.track('Read it all');
    await pass(200);
    expect(new Set(server.hits.map((hit) => hit.visit_token)).size).toBe(1);
    expect(server.names).toEqual(['$view', 'Read it all']);
  });

  test('data-visit-timeout', async () => {
    const device = new Device();
    const data = { visitTimeout: '60' };
    open(server, { device, data });
    await pass(61e3);
    open(server, { device, data });
    await pass(200);
    expect(server.hits[1].visit_token).not.toBe(server.hits[0].visit_token);
  });

  test('are known by first-party cookies', async () => {
    const { device } = open(server, { data: { cookieDomain: 'shop.example' } });
    expect(device.cookie).toMatch(/^wake_visit=[a-z0-9-]+; wake_visitor=[a-z0-9-]+$/);
    expect(device.attributes('wake_visit')).toEqual(['path=/', 'samesite=lax', 'max-age=1800', 'domain=shop.example', 'secure']);
    expect(device.attributes('wake_visitor')).toContain('max-age=63072000');
  });

  test('take over the visitor that ahoy.js knew', async () => {
    const device = new Device();
    device.cookie = 'ahoy_visitor=Old-Visitor-1;max-age=1000';
    open(server, { device });
    await pass(200);
    expect(server.hits[0].visitor_token).toBe('Old-Visitor-1');
    expect(device.cookie).toContain('wake_visitor=Old-Visitor-1');
  });

  test('cookieless pages store nothing and name nobody', async () => {
    const device = new Device();
    server.answer = away;
    const page = open(server, { device, data: { site: 'k1', cookieless: '' } });
    page.wake.track('One');
    await pass(500);
    expect(device.storage).toEqual({});
    expect(device.cookie).toBe('');
    server.answer = () => ({ status: 200 });
    await pass(10e3);
    expect(server.names).toEqual(['$view', 'One']);
    expect(server.hits[0]).toMatchObject({ site: 'k1', landing_page: 'https://shop.example/' });
    expect(server.hits[0]).not.toHaveProperty('visit_token');
    expect(server.hits[0]).not.toHaveProperty('visitor_token');
  });

  test('browsers without cookies are cookieless', async () => {
    open(server, { navigator: { cookieEnabled: false } });
    await pass(200);
    expect(server.names).toEqual(['$view']);
    expect(server.hits[0]).not.toHaveProperty('visit_token');
  });
});

describe('calls', () => {
  test('track takes properties and revenue', async () => {
    const { wake } = open(server);
    wake.track('Bought', { sku: 'A-1' }, { revenue: 0.1 + 0.2, currency: 'EUR' });
    wake.track('Refunded', undefined, { revenue: '-12.50', currency: 'EUR' });
    await pass(200);
    expect(server.events.slice(1)).toMatchObject([
      { name: 'Bought', properties: { sku: 'A-1' }, revenue: '0.3000', currency: 'EUR' },
      { name: 'Refunded', revenue: '-12.5000', currency: 'EUR' },
    ]);
  });

  test('identify', async () => {
    const { wake } = open(server);
    await pass(200);
    wake.identify(42, { plan: 'pro' }, 'abc');
    wake.track('Later');
    await pass(500);
    expect(server.hits).toHaveLength(2);
    expect(server.hits[0]).not.toHaveProperty('user_id');
    expect(server.hits[1]).toMatchObject({ user_id: '42', user_signature: 'abc', traits: { plan: 'pro' } });
    expect(server.hits[1].events.map((event) => event.name)).toEqual(['$identify', 'Later']);
  });

  test('identify is said once a visit, however many pages call it', async () => {
    const device = new Device();
    for (let i = 0; i < 3; i++) {
      open(server, { device }).wake.identify(42, { plan: 'pro' });
      await pass(500);
    }
    expect(server.names.sort()).toEqual(['$identify', '$view', '$view', '$view']);
    open(server, { device }).wake.identify(42, { plan: 'max' });
    await pass(500);
    expect(server.hits.at(-1)).toMatchObject({ user_id: '42', traits: { plan: 'max' } });
    expect(server.hits.at(-1).events).toHaveLength(2); // the view goes with it
  });

  test('nobody is identified by nothing', async () => {
    const page = open(server, { url: 'https://shop.example/#wake-identify' });
    for (const id of [undefined, null, '']) page.wake.identify(id, { a: 1 });
    await pass(500);
    expect(server.names).toEqual(['$view']);
    expect(server.hits[0]).not.toHaveProperty('user_id');
  });

  test('a visit that begins later names the same user', async () => {
    const page = open(server);
    page.wake.identify(42);
    await pass(1000);
    page.blur();
    await pass(31 * MINUTE);
    page.focus();
    await pass(200);
    expect(server.hits.at(-1)).toMatchObject({ user_id: '42', landing_page: 'https://shop.example/' });
  });

  test('reset makes another visitor', async () => {
    const { wake, device } = open(server);
    wake.identify(42, { name: 'Mara' });
    wake.reset();
    expect(device.storage.wake_user).toBeUndefined();
    wake.track('After');
    await pass(500);
    const [first, last] = [server.hits[0], server.hits.at(-1)];
    expect(last.events[0].name).toBe('After');
    expect(last.visit_token).not.toBe(first.visit_token);
    expect(last.visitor_token).not.toBe(first.visitor_token);
    expect(last).not.toHaveProperty('user_id');
  });

  test('off and on', async () => {
    const device = new Device();
    const { wake } = open(server, { device });
    wake.off();
    wake.track('Hidden');
    open(server, { device }).wake.track('Hidden too');
    await pass(500);
    expect(server.hits).toEqual([]);
    expect(device.cookie).not.toMatch(/=[a-z0-9]/);
    open(server, { device, url: 'https://shop.example/#wake-on' });
    await pass(500);
    expect(server.names).toEqual(['$view']);
    open(server, { device, url: 'https://shop.example/#wake-off' });
    await pass(500);
    expect(server.names).toEqual(['$view']);
  });

  test('made before the script came are kept', async () => {
    const stub = (...args) => (stub.q = stub.q || []).push(args);
    stub('track', 'Early', { n: 1 });
    stub('identify', 7);
    open(server, { window: { wake: stub } });
    await pass(500);
    expect(server.names.sort()).toEqual(['$identify', '$view', 'Early']);
  });

  test('data-before changes events or leaves them out', async () => {
    const hide = (event) => {
      event.url = event.url.replace(/user\/\d+/, 'user/*');
      return event.name != 'Secret';
    };
    const { wake } = open(server, { url: 'https://shop.example/user/42', data: { before: 'hide' }, window: { hide } });
    wake.track('Secret');
    wake.track('Open');
    await pass(200);
    expect(server.names).toEqual(['$view', 'Open']);
    expect(JSON.stringify(server.hits)).not.toContain('user/42');
  });
});

describe('privacy', () => {
  for (const navigator of [{ doNotTrack: '1' }, { globalPrivacyControl: true }])
    test(`${JSON.stringify(navigator)} is honoured`, async () => {
      const page = open(server, { navigator });
      page.wake.track('Hidden');
      await pass(500);
      page.leave();
      expect(server.hits).toEqual([]);
      expect(page.device.cookie).toBe('');
      expect(page.device.storage).toEqual({});

      open(server, { navigator, data: { ignoreDnt: '' } });
      await pass(500);
      expect(server.names).toEqual(['$view']);
    });

  test('{"doNotTrack":"0"} allows', async () => {
    open(server, { navigator: { doNotTrack: '0', globalPrivacyControl: false } });
    await pass(200);
    expect(server.names).toEqual(['$view']);
  });
});

describe('options', () => {
  test('in the URL, where attributes get lost', async () => {
    open(server, { src: 'https://wake.example/w.js?site=k9&cookieless', data: {} });
    await pass(200);
    expect(server.hits[0]).toMatchObject({ site: 'k9', url: 'https://wake.example/wake/hit' });
    expect(server.hits[0]).not.toHaveProperty('visit_token');
  });

  test('of a module, which has no current script', async () => {
    open(server, {
      before: ({ document }) => {
        const script = document.currentScript;
        document.currentScript = null;
        document.querySelector = (selector) => (selector == '[data-site]' ? script : null);
      },
    });
    await pass(200);
    expect(server.hits[0].site).toBe('k1');
  });

  test('data-endpoint', async () => {
    open(server, { data: { endpoint: 'https://other.example/collect' } });
    await pass(200);
    expect(server.hits[0].url).toBe('https://other.example/collect');
  });
});
