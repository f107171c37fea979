// faye-browser.js in Chromium, as the hub serves it: node browser.mjs URL SCENARIO
//
// The page is of another origin (localhost, while the hub is 127.0.0.1: another
// site, so that its cookies are third-party and not sent), or of the hub's own.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { require } from './packages.mjs';
import { equal, log, run, within } from './check.mjs';

const [hub, scenario] = process.argv.slice(2);
const { chromium } = require('playwright-core');

const scenarios = {
  'cross-origin websocket': { disable: [], transport: 'websocket' },
  'cross-origin long-polling': { disable: ['websocket'], transport: 'cross-origin-long-polling' },
  'cross-origin jsonp': { disable: ['websocket', 'cross-origin-long-polling'], transport: 'callback-polling' },
  'same-origin websocket': { own: true, disable: [], transport: 'websocket' },
  'same-origin eventsource': { own: true, disable: ['websocket'], transport: 'eventsource' },
  'same-origin long-polling': { own: true, disable: ['websocket', 'eventsource'], transport: 'long-polling' },
};
const { own, disable, transport } = scenarios[scenario];

const html = readFileSync(new URL('page.html', import.meta.url));

run(async () => {
  const other = http.createServer((req, res) => res.writeHead(200, { 'Content-Type': 'text/html' }).end(html));
  await new Promise((resolve) => other.listen(0, 'localhost', resolve));
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (e) => log('page:', e.message));
    const origin = own ? new URL(hub).origin : `http://localhost:${other.address().port}`;
    await page.goto(`${origin}/page.html?hub=${hub}`);
    await within(30000, 'subscribe', page.evaluate((d) => start(d), disable));
    const last = () => page.evaluate(() => got[got.length - 1]);
    const count = (n) => page.waitForFunction((k) => got.length >= k, n, { timeout: 20000 });

    await within(20000, 'publish', page.evaluate(() => faye.publish('/chat/channelXX', { n: 1, s: '\u2028 </script> ü' }).then(() => true)));
    await count(1);
    equal(await last(), { n: 1, s: '\u2028 </script> ü' }, 'data');

    // From a backend, as the seeds do it.
    const res = await fetch(hub, { method: 'POST', body: new URLSearchParams({ message: JSON.stringify({ channel: '/chat/channelXX', data: { n: 2 } }) }) });
    equal(res.status, 200, 'form publish');
    await count(2);
    equal(await last(), { n: 2 }, 'form publish');

    await within(20000, 'batch', page.evaluate(() => Promise.all(Array.from({ length: 60 }, (_, i) => faye.publish('/chat/channelXX', 'message number ' + i)))));
    await count(62);
    equal(await page.evaluate(() => new Set(got).size), 62, 'each once');
    equal(await page.evaluate(() => faye._dispatcher.connectionType), transport, 'transport');
    equal(await page.evaluate(() => errors), [], 'errors in the page');
    log(scenario, 'over', transport);

    // Leaving the page ends the session, whether or not its goodbye got out.
    await page.goto('about:blank');
    console.log('LEFT');
    await new Promise((resolve) => process.stdin.once('data', resolve));
  } finally {
    await browser.close();
    other.close();
  }
});
