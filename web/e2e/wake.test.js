// wake.js in Chromium, on pages of one site, with a collector of another.

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launch, plain, until } from './browser.js';
import { Collector, Site } from './servers.js';

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Collector} */
let collector;
/** @type {Site} */
let site;
let count = 0;
let key = ''; // of the test's site
let attributes = ''; // of the script
/** @type {import('playwright-core').BrowserContext} */
let context;
/** @type {import('playwright-core').Page} */
let page;
let errors = [];

const html = (url) => `<!doctype html><html lang="en"><head><title>${url.pathname}</title>
<script>window.wake = window.wake || function () { (wake.q = wake.q || []).push(arguments) }; wake('track', 'Early')</script>
<script defer src="${collector.origin}/wake.js" ${attributes.includes('src=') ? '' : `data-site="${key}"`} ${attributes}></script>
</head><body>
<section data-section="offers">
  <a id="out" class="big link" href="http://localhost:${site.port}/other?x=1#y">Another   site</a>
  <a id="file" href="/files/guide.pdf">Guide</a>
  <a id="next" href="/next">Next</a>
  <a id="mail" href="mailto:a@shop.example">Mail</a>
  <button id="plain">Do <b id="inner">it</b></button>
  <button id="icon" aria-label="Close"></button>
  <button id="declared" data-wake-event="Added to cart" data-wake-prop-sku="A-1" data-wake-prop-deep-name="x">Add</button>
  <p data-wake-skip><button id="skipped">Skipped</button></p>
  <p data-ahoy-skip><button id="skipped-too">Skipped</button></p>
  <p id="text">Text</p>
</section>
<form id="form" action="/next" method="post"><input name="id" value="x"><input name="secret" id="secret"><input type="submit" value="Send it"></form>
<form id="declared-form" data-wake-event="Asked" onsubmit="return false"><input id="question" name="q"><button>Ask</button></form>
</body></html>`;

beforeAll(async () => {
  collector = await new Collector().start();
  site = await new Site().start();
  for (const path of ['/', '/next', '/other', '/spa', '/files/guide.pdf']) site.pages[path] = html;
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await site?.stop();
  await collector?.away();
});

beforeEach(async () => {
  key = 'site' + ++count;
  attributes = '';
  collector.answer = () => ({ status: 200 });
  errors = [];
  context = await browser.newContext();
  page = await context.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
});

afterEach(async () => {
  await context.close();
  expect(errors).toEqual([]);
});

const visit = (path = '/') => page.goto(site.origin + path);
const names = () => collector.names(key);
const event = (name) => until(() => collector.events(key).find((event) => event.name == name), name);
const queued = () => page.evaluate(() => Object.keys(localStorage).filter((name) => name.startsWith('wake:')).length);

test('a page view, as docs/wire.md has it', async () => {
  attributes = 'data-x="1"';
  await page.goto(site.origin + '/?utm_source=news', { referer: 'http://search.example/?q=boat' });
  await event('$view');
  const [hit] = collector.of(key);
  expect(hit).toMatchObject({
    path: '/wake/hit',
    method: 'POST',
    landing_page: site.origin + '/?utm_source=news',
    language: 'en-US',
    screen: [1280, 720],
  });
  expect(hit.time_zone).toMatch(/\w/);
  expect(hit.headers['content-type']).toMatch(/^text\/plain/); // needs no preflight
  expect(Math.abs(hit.sent - Date.now())).toBeLessThan(60000);
  expect(hit.events.map((event) => [event.name, event.title])).toEqual([
    ['Early', '/'],
    ['$view', '/'],
  ]);
  expect(await page.evaluate(() => document.cookie)).toContain('wake_visitor=' + hit.visitor_token);
});

test('clicks, outbound links and downloads', async () => {
  // Links lead nowhere here, so that one page sees all of the clicks.
  await visit();
  await page.evaluate(() => addEventListener('click', (event) => event.preventDefault()));
  for (const id of ['out', 'file', 'next', 'mail', 'inner', 'icon', 'skipped', 'skipped-too', 'text', 'secret']) await page.click('#' + id);
  await until(() => names().filter((name) => name == '$click').length == 4);
  const found = Object.fromEntries(collector.events(key).filter((event) => event.properties).map(({ name, properties }) => [properties.id, { name, ...properties }]));
  const common = { page: '/', section: 'offers' };
  expect(found).toEqual({
    out: { name: '$outbound', tag: 'a', id: 'out', class: 'big link', text: 'Another site', href: `http://localhost:${site.port}/other?x=1#y`, ...common },
    file: { name: '$download', tag: 'a', id: 'file', text: 'Guide', href: site.origin + '/files/guide.pdf', ...common },
    next: { name: '$click', tag: 'a', id: 'next', text: 'Next', href: site.origin + '/next', ...common },
    mail: { name: '$click', tag: 'a', id: 'mail', text: 'Mail', href: 'mailto:a@shop.example', ...common },
    plain: { name: '$click', tag: 'button', id: 'plain', text: 'Do it', ...common },
    icon: { name: '$click', tag: 'button', id: 'icon', text: 'Close', ...common },
  });
});

test('a click that leads away arrives, and so does the middle button', async () => {
  await visit();
  await page.click('#out', { button: 'middle' });
  await event('$outbound');
  await page.click('#out');
  await page.waitForURL('**/other?x=1**');
  await until(() => names().filter((name) => name == '$outbound').length == 2);
});

test('forms are recorded, what is typed into them is not', async () => {
  await visit();
  await page.fill('#secret', 'hunter2');
  await page.click('#form [type=submit]');
  await page.waitForURL('**/next**');
  const { properties } = await event('$submit');
  expect(properties).toEqual({ tag: 'form', id: 'form', page: '/' });
  expect((await event('$click')).properties.text).toBe('Send it');
  await page.goto(site.origin + '/other');
  await until(() => names().filter((name) => name == '$view').length == 3);
  expect(JSON.stringify(collector.of(key).map((hit) => hit.events.filter((event) => event.name != '$view')))).not.toContain('hunter2');
});

test('declared events', async () => {
  await visit();
  await page.click('#declared');
  expect((await event('Added to cart')).properties).toEqual({ sku: 'A-1', 'deep-name': 'x' });
  await page.fill('#question', 'hunter2');
  await page.press('#question', 'Enter');
  expect((await event('Asked')).properties).toEqual({});
  expect(names()).not.toContain('$submit');
});

test('custom events and identify', async () => {
  await visit();
  await page.evaluate(() => {
    wake.track('Bought', { sku: 'A-1' }, { revenue: 12.3, currency: 'EUR' });
    wake.identify('42', { plan: 'pro' }, 'abc');
  });
  expect(await event('Bought')).toMatchObject({ properties: { sku: 'A-1' }, revenue: '12.3000', currency: 'EUR' });
  await event('$identify');
  expect(collector.of(key).find((hit) => hit.traits)).toMatchObject({ user_id: '42', user_signature: 'abc', traits: { plan: 'pro' } });
});

test('single-page navigation', async () => {
  await visit('/spa');
  await page.evaluate(() => {
    history.pushState(null, '', '/spa/one');
    document.title = 'One';
  });
  await until(() => names().filter((name) => name == '$view').length == 2);
  await page.evaluate(() => history.replaceState(null, '', '/spa/one?sort=price'));
  await page.evaluate(() => history.back());
  await until(() => names().filter((name) => name == '$view').length == 3);
  expect(collector.events(key).filter((event) => event.name == '$view').map(({ url, title }) => [url.slice(site.origin.length), title])).toEqual([
    ['/spa', '/spa'],
    ['/spa/one', 'One'],
    ['/spa', 'One'],
  ]);
});

test('fragments with data-hash', async () => {
  attributes = 'data-hash';
  await visit('/#/a');
  await page.evaluate(() => (location.hash = '#/b'));
  await until(() => names().filter((name) => name == '$view').length == 2);
  expect(collector.events(key).map((event) => event.url.slice(site.origin.length))).toContain('/#/b');
});

test('engaged time counts attention only', async () => {
  await page.addInitScript(() => {
    window.attention = true;
    document.hasFocus = () => window.attention;
  });
  await visit();
  const look = (attention) =>
    page.evaluate((attention) => {
      window.attention = attention;
      window.dispatchEvent(new Event(attention ? 'focus' : 'blur'));
      return performance.now();
    }, attention);
  await event('$view');
  await page.waitForTimeout(300);
  const away = await look(false);
  const { engaged_ms: first } = await until(() => collector.events(key).find((event) => event.engaged_ms > 0));
  expect(first).toBeLessThanOrEqual(away);
  await page.waitForTimeout(400);
  const back = await look(true);
  await page.waitForTimeout(200);
  const gone = await look(false);
  const second = await until(() => collector.events(key).find((event) => event.engaged_ms > first));
  expect(second.engaged_ms - first).toBeLessThanOrEqual(gone - back + 5);
  expect(second.engaged_ms - first).toBeGreaterThanOrEqual(200);
});

test('leaving sends what was not sent', async () => {
  await visit();
  await event('$view');
  await page.evaluate(() => wake.track('Last words'));
  await page.goto('about:blank');
  await event('Last words');
  await until(() => collector.events(key).find((event) => event.engaged_ms > 0));
});

test('nothing is lost while the server is away', async () => {
  await visit();
  await event('$view');
  await collector.away();
  try {
    await page.evaluate(() => wake.track('Alone'));
    await page.click('#next'); // the script comes from the browser's cache
    await page.waitForURL('**/next');
    await page.evaluate(() => wake.track('Still alone'));
    await page.reload();
    await until(async () => (await queued()) >= 4);
  } finally {
    await collector.back();
  }
  await until(() => names().includes('Still alone'));
  await until(async () => (await queued()) == 0);
  expect(names().filter((name) => !name.startsWith('$') && name != 'Early')).toEqual(['Alone', 'Still alone']);
  expect(names().filter((name) => name == '$view')).toHaveLength(3);
  expect(new Set(collector.events(key).map((event) => event.visit)).size).toBe(1);
});

test('Retry-After is read from another origin and kept', async () => {
  const at = [];
  collector.answer = () => (at.push(Date.now()), at.length == 1 ? { status: 503, headers: { 'Retry-After': '1' } } : { status: 200 });
  await visit();
  await until(() => at.length == 2);
  expect(at[1] - at[0]).toBeGreaterThanOrEqual(1000);
  expect(names()).toEqual(['Early', '$view']);
});

test('a refused hit is dropped, a large one split', async () => {
  collector.answer = () => ({ status: 422 });
  await visit();
  await until(() => collector.of(key).length == 1);
  await until(async () => (await queued()) == 0);
  collector.answer = (hit) => ({ status: hit.events.length > 1 ? 413 : 200 });
  await page.evaluate(() => [1, 2, 3, 4].forEach((n) => wake.track('n' + n)));
  await until(() => names().length == 4);
  expect(names()).toEqual(['n1', 'n2', 'n3', 'n4']);
});

test('cookieless pages leave nothing on the device', async () => {
  attributes = 'data-cookieless';
  await visit();
  await page.evaluate(() => wake.track('Seen'));
  await event('Seen');
  expect(await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length])).toEqual(['', 0, 0]);
  expect(await context.cookies()).toEqual([]);
  expect(collector.of(key)[0]).not.toHaveProperty('visitor_token');
});

for (const [name, value] of [['doNotTrack', '1'], ['globalPrivacyControl', true]])
  test(`${name} is honoured, unless the site says otherwise`, async () => {
    await page.addInitScript(([name, value]) => Object.defineProperty(Navigator.prototype, name, { get: () => value }), [name, value]);
    await visit();
    await page.evaluate(() => wake.track('Hidden'));
    await page.waitForTimeout(300);
    await page.goto('about:blank');
    expect(await context.cookies()).toEqual([]);
    expect(collector.of(key)).toEqual([]);
    attributes = 'data-ignore-dnt';
    await visit();
    await event('$view');
  });

test('the back button shows the page anew', async () => {
  await visit();
  await event('$view');
  await page.click('#next');
  await page.waitForURL('**/next');
  await until(() => names().filter((name) => name == '$view').length == 2);
  const asked = site.asked;
  // Playwright does not follow pages out of the back/forward cache; the
  // collector does.
  await page.evaluate(() => void setTimeout(() => history.back()));
  await until(() => names().filter((name) => name == '$view').length == 3);
  expect(site.asked).toBe(asked); // the page was not loaded again
  const views = collector.events(key).filter((event) => event.name == '$view');
  expect(views.map((view) => new URL(view.url).pathname)).toEqual(['/', '/next', '/']);
  expect(new Set(views.map((view) => view.visit)).size).toBe(1);
});

test('the visitor that ahoy.js knew is taken over', async () => {
  await context.addCookies([{ name: 'ahoy_visitor', value: 'Old-1', url: site.origin }]);
  await visit();
  await event('$view');
  expect(collector.of(key)[0].visitor_token).toBe('Old-1');
});

test('options in the URL of the script', async () => {
  attributes = `src="${collector.origin}/wake.js?site=${key}&auto=false"`;
  site.pages['/url'] = () => `<script src="${collector.origin}/wake.js?site=${key}&auto=false"></script>`;
  await visit('/url');
  await page.evaluate(() => wake.track('Only this'));
  await event('Only this');
  expect(names()).toEqual(['Only this']);
});

test('two tabs are one visit', async () => {
  await visit();
  await event('$view');
  const other = await context.newPage();
  await other.goto(site.origin + '/next');
  await until(() => names().filter((name) => name == '$view').length == 2);
  expect(new Set(collector.of(key).map((hit) => hit.visit_token)).size).toBe(1);
});

test('a prerendered page counts when it is shown', async () => {
  const seen = [];
  let go = false;
  const snippet = `<script defer src="${collector.origin}/wake.js" data-site="${key}"></script>`;
  site.pages['/seen'] = (url) => (seen.push(url.searchParams.get('prerendering')), '');
  site.pages['/go'] = () => '' + go;
  site.pages['/first'] = () => `<!doctype html>${snippet}
    <script type="speculationrules">{"prerender":[{"source":"list","urls":["/second"],"eagerness":"immediate"}]}</script>
    <a href="/second">Second</a>
    <script>setInterval(async () => (await (await fetch('/go')).text()) == 'true' && document.querySelector('a').click(), 100)</script>`;
  site.pages['/second'] = () => `<!doctype html>${snippet}<script>fetch('/seen?prerendering=' + document.prerendering)</script>`;
  const end = await plain(site.origin + '/first');
  try {
    await until(() => seen.length, 'the page to be prerendered', 20000);
    expect(seen).toEqual(['true']);
    await until(() => names().length);
    await page.waitForTimeout(300);
    expect(names()).toEqual(['$view']);
    go = true;
    await until(() => names().filter((name) => name == '$view').length == 2);
    expect(seen).toEqual(['true']); // it was not loaded again
    expect(collector.events(key).map(({ url }) => url).at(-1)).toBe(site.origin + '/second');
  } finally {
    await end();
  }
});
