// The whole way: pages of another origin, with wake.js and with the npm
// ahoy.js as it comes, in Chromium, to rows that the API shows.

import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launch, until } from './browser.js';
import { Site } from './servers.js';
import { Wake } from './wake-server.js';

const desktop = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';

let browser, wake, site, key, context, page, campaign;
let count = 0;
let errors = [];

beforeAll(async () => {
  site = await new Site().start();
  const ahoy = await readFile(new URL('../node_modules/ahoy.js/dist/ahoy.js', import.meta.url), 'utf8');
  site.pages['/ahoy.js'] = () => ahoy;
  wake = await new Wake().start(['--demo']);
  await wake.serve(); // makes the demo shop's site
  key = wake.command('site', 'add', 'Pages', '--domain', '127.0.0.1');
  await until(async () => (await fetch(`${wake.origin}/wake/pixel.gif?site=${key}&url=${site.origin}/up`)).ok, 'the new site to be known');
  // Set for the whole browser: what a leaving page sends does not know of a
  // context's user agent.
  browser = await launch(['--user-agent=' + desktop]);
});

afterAll(async () => {
  await browser?.close();
  await wake?.remove();
  await site?.stop();
});

beforeEach(async () => {
  campaign = 'test' + ++count;
  errors = [];
  await open({});
});

afterEach(async () => {
  await context.close();
  expect(errors).toEqual([]);
});

/** @param {import('playwright-core').BrowserContextOptions} options */
async function open(options) {
  await context?.close();
  context = await browser.newContext(options);
  page = await context.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
}

/** @param {string} head @param {string} [title] */
const put = (head, title = 'A page') => {
  site.pages['/page'] = site.pages['/next'] = () => `<!doctype html><title>${title}</title>${head}
    <a id="next" href="/next">Next</a> <button id="buy" class="primary" data-wake-event="Bought" data-wake-prop-sku="A-1">Buy</button>
    <form id="form" action="/next"><button>Go</button></form>`;
};
const go = (query = '') =>
  page.goto(`${site.origin}/page?utm_source=letter&utm_medium=email&utm_campaign=${campaign}${query}`, { referer: 'https://www.google.com/' });

/** The only visit of the test, once it has as many events. @param {number} events */
const visitWith = (events) =>
  until(async () => {
    const visits = await wake.visits(campaign);
    expect(visits.length).toBeLessThanOrEqual(1);
    return visits[0] && visits[0].events >= events && visits[0];
  }, `a visit with ${events} events`);

describe('wake.js', () => {
  const snippet = (more = '') => put(`<script defer src="${wake.origin}/wake.js" data-site="${key}" ${more}></script>`);

  test('a visit, with all that is known of it', async () => {
    snippet();
    await go('&gclid=abc');
    await page.waitForTimeout(200);
    await page.click('#buy');
    await page.click('#next');
    await page.waitForURL('**/next');
    await page.goto('about:blank');
    const visit = await visitWith(4);
    expect(visit).toMatchObject({
      site: key,
      entry_page: '/page',
      exit_page: '/next',
      views: 2,
      referrer: 'https://www.google.com/',
      referring_domain: expect.stringContaining('google.com'),
      utm_source: 'letter',
      utm_medium: 'email',
      utm_campaign: campaign,
      click_id: 'abc',
      click_id_kind: 'gclid',
      browser: 'Chrome',
      os: 'Windows',
      device_type: 'desktop',
      country: '', // nobody knows where loopback is
      ip: '127.0.0.0', // masked
      language: 'en-US',
      screen_width: 1280,
      screen_height: 720,
    });
    expect(visit.bot).toBeUndefined();
    expect(visit.time_zone).toBeTruthy();
    const events = await until(async () => {
      const events = await wake.events(visit);
      return events[0].engaged_ms >= 200 && events;
    }, 'engaged time');
    expect(events.map(({ name, path, properties }) => [name, path, properties?.sku])).toEqual([
      ['$view', '/page', undefined],
      ['Bought', '/page', 'A-1'],
      ['$click', '/page', undefined],
      ['$view', '/next', undefined],
    ]);
    expect(events[0].title).toBe('A page');
  });

  test('a phone', async () => {
    await open({ userAgent: phone, viewport: { width: 390, height: 844 }, screen: { width: 390, height: 844 }, locale: 'de-DE', timezoneId: 'Europe/Berlin' });
    snippet();
    await go();
    expect(await visitWith(1)).toMatchObject({ browser: expect.stringContaining('Safari'), device_type: 'mobile', device_brand: 'Apple', language: 'de-DE', time_zone: 'Europe/Berlin', screen_width: 390 });
  });

  test('revenue and identify', async () => {
    snippet();
    await go();
    await page.evaluate(() => {
      wake.identify('42', { plan: 'pro' });
      wake.track('Ordered', { items: 3 }, { revenue: '12.30', currency: 'EUR' });
    });
    const visit = await visitWith(3);
    expect(visit.user_id).toBe('42');
    expect((await wake.events(visit)).find((event) => event.name == 'Ordered')).toMatchObject({ revenue: '12.30', currency: 'EUR', properties: { items: 3 } });
  });

  test('cookieless pages make one visit, too', async () => {
    snippet('data-cookieless');
    await go();
    await page.click('#next');
    await page.waitForURL('**/next');
    const visit = await visitWith(3);
    expect(visit).toMatchObject({ views: 2, entry_page: '/page', exit_page: '/next' });
    expect(await context.cookies()).toEqual([]);
  });

  test('the server is killed and comes back: everything is there once', async () => {
    snippet();
    await go();
    await page.evaluate(() => {
      let n = 0;
      const tick = setInterval(() => (n < 40 ? wake.track('n' + n++) : clearInterval(tick)), 50);
    });
    await page.waitForTimeout(600);
    await wake.end('SIGKILL');
    await page.waitForTimeout(900);
    await wake.serve();
    const visit = await visitWith(41);
    await page.waitForTimeout(300);
    const names = (await wake.events(visit)).map((event) => event.name);
    expect(names.sort()).toEqual(['$view', ...Array.from({ length: 40 }, (_, n) => 'n' + n)].sort());
  });

  test('pages of hosts that the site does not list are refused', async () => {
    const refused = [];
    page.on('response', (response) => response.status() == 403 && refused.push(response.url()));
    snippet();
    await page.goto(`http://localhost:${site.port}/page?utm_campaign=${campaign}`);
    await until(() => refused.length);
    expect(await wake.visits(campaign)).toEqual([]);
  });
});

test('the pixel counts pages without JavaScript', async () => {
  await open({ userAgent: desktop.replace('140', '141'), javaScriptEnabled: false }); // another visitor than the other tests'
  site.pages['/page'] = () => `<!doctype html><title>Bare</title><noscript><img src="${wake.origin}/wake/pixel.gif?site=${key}" referrerpolicy="no-referrer-when-downgrade"></noscript>`;
  await go();
  const visit = await visitWith(1);
  expect(visit).toMatchObject({ entry_page: '/page', views: 1, browser: 'Chrome' });
});

describe('ahoy.js', () => {
  /** @param {string} [configure] @param {string} [then] */
  const snippet = (configure = '', then = 'ahoy.trackView(); ahoy.trackClicks("a, button"); ahoy.trackSubmits("form")') =>
    put(`<script src="/ahoy.js"></script><script>ahoy.configure({urlPrefix: "${wake.origin}", ${configure}}); ${then}</script>`);

  test('by sendBeacon, as it comes', async () => {
    snippet();
    await go();
    await page.evaluate(() => ahoy.track('Played', { title: 'Waves', seconds: 12.5, deep: { a: [1, null] } }));
    await page.click('#next');
    await page.waitForURL('**/next');
    const visit = await visitWith(4);
    const cookies = Object.fromEntries((await context.cookies()).filter(({ domain }) => domain == '127.0.0.1').map(({ name, value }) => [name, value]));
    expect(visit).toMatchObject({
      site: key,
      visit_token: cookies.ahoy_visit,
      visitor_token: cookies.ahoy_visitor,
      referrer: 'https://www.google.com/',
      utm_source: 'letter',
      views: 2,
      entry_page: '/page',
      exit_page: '/next',
      browser: 'Chrome',
      os: 'Windows',
      device_type: 'desktop',
      platform: 'Web',
      screen_width: 1280,
    });
    const events = await wake.events(visit);
    expect(events.map((event) => event.name).sort()).toEqual(['$click', '$view', '$view', 'Played']);
    expect(events.find((event) => event.name == 'Played').properties).toEqual({ title: 'Waves', seconds: 12.5, deep: { a: [1, null] } });
    expect(events.find((event) => event.name == '$click').properties).toMatchObject({ tag: 'a', id: 'next', text: 'Next', page: '/page' });
  });

  for (const [name, configure] of [
    ['with credentials', 'withCredentials: true'],
    ['with headers of the page', 'headers: {"Authorization": "Bearer x", "X-Shop": "1"}'],
    ['with both', 'withCredentials: true, headers: {"X-Shop": "1"}'],
    ['without beacons', 'useBeacon: false'],
    ['with visit parameters', 'visitParams: {utm_term: "oars"}'],
  ])
    test(name, async () => {
      const methods = new Set();
      page.on('request', (request) => request.url().startsWith(wake.origin) && methods.add(request.method()));
      snippet(configure);
      await go();
      await page.evaluate(() => ahoy.track('Played', { n: 1 }));
      const visit = await visitWith(2);
      expect((await wake.events(visit)).map((event) => event.name).sort()).toEqual(['$view', 'Played']);
      expect(visit).toMatchObject({ referrer: 'https://www.google.com/', entry_page: '/page' });
      if (configure.startsWith('visitParams')) expect(visit.utm_term).toBe('oars');
      expect(methods).toContain('POST');
    });

  test('where the browser takes no cookies, events alone make a visit', async () => {
    await open({ userAgent: desktop.replace('140', '142') });
    await page.addInitScript(() => Object.defineProperty(document, 'cookie', { get: () => '', set() {} }));
    snippet('', `ahoy.track("Bare", {test: "${campaign}"})`);
    await go();
    const { visit } = await until(async () => {
      for (const visit of (await wake.get('/visits')).visits) {
        const event = (await wake.events(visit)).find(({ properties }) => properties?.test == campaign);
        if (event) return { visit, event };
      }
    }, 'the event');
    expect(visit).toMatchObject({ site: key, events: 1, browser_version: expect.stringContaining('142') });
    expect(visit.visitor_token).not.toMatch(/null|undefined/);
  });
});

test('the demo shop, from the front door to the order', async () => {
  await page.goto(`${wake.origin}/`);
  await page.click('text=Open the demo shop');
  await page.goto(`${wake.origin}/demo/?utm_campaign=${campaign}`);
  await page.click('a.card:has-text("Brass lantern")');
  await page.click('#add');
  await page.goto(`${wake.origin}/demo/lookbook/`);
  await page.click('text=Rain');
  await page.goto(`${wake.origin}/demo/account`);
  await page.click('text=Mara Lind');
  await page.waitForSelector('text=You are Mara Lind.');
  await page.goto(`${wake.origin}/demo/checkout`);
  await page.fill('[name=name]', 'hunter2');
  await page.click('#checkout button');
  await page.waitForURL('**/demo/thanks**');
  const visit = await until(async () => {
    // The visit began on the shop's first page, before the campaign.
    for (const visit of (await wake.get('/visits')).visits)
      if (visit.user_id == 'mara' && visit.exit_page == '/demo/thanks') return visit;
  }, "Mara's visit");
  const events = await wake.events(visit);
  const names = events.map((event) => event.name);
  for (const name of ['$view', '$click', '$submit', '$identify', 'Added to cart', 'Bought']) expect(names).toContain(name);
  expect(events.find((event) => event.name == 'Bought')).toMatchObject({ revenue: '68.50', currency: 'EUR', properties: { items: 1, skus: ['OB-3'] } });
  expect(events.filter((event) => event.name == '$view').map((event) => event.path)).toContain('/demo/lookbook/rain');
  expect(JSON.stringify(events)).not.toContain('hunter2');
});
