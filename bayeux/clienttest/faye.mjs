// npm faye's Node client: node faye.mjs URL PACKAGE TRANSPORT
import { require } from './packages.mjs';
import { Inbox, equal, log, restart, run, sleep, within } from './check.mjs';

const [url, pkg, transport] = process.argv.slice(2);
const faye = require(pkg);

function client() {
  const c = new faye.Client(url, { timeout: 10, retry: 1 });
  if (transport === 'long-polling') c.disable('websocket');
  return c;
}

run(async () => {
  const sub = client(), pub = client();
  const exact = new Inbox(), wild = new Inbox(), deep = new Inbox();
  const sExact = sub.subscribe('/chat/room', (m) => exact.add(m));
  const sWild = sub.subscribe('/chat/*', (m) => wild.add(m));
  const sDeep = sub.subscribe('/**', (m) => deep.add(m));
  await within(10000, 'subscribe', Promise.all([sExact, sWild, sDeep]));
  log(pkg, 'subscribed over', sub._dispatcher.connectionType);
  equal(sub._dispatcher.connectionType, transport, 'transport');

  await within(10000, 'publish', pub.publish('/chat/room', { n: 1, text: 'grüße \u2028 \u{1f600}' }));
  equal(await exact.atLeast(1, 10000, 'exact'), [{ n: 1, text: 'grüße \u2028 \u{1f600}' }], 'data');
  await wild.atLeast(1, 10000, 'wildcard');
  await deep.atLeast(1, 10000, 'globbing');

  // A large batch, nothing lost and nothing twice. Its order is the client's to
  // keep: over HTTP, where it begins, it sends several requests side by side.
  const N = 500;
  await within(30000, 'batch', Promise.all(Array.from({ length: N }, (_, i) => pub.publish('/batch/x', i))));
  const got = (await deep.atLeast(N + 1, 20000, 'batch')).slice(1);
  equal(got.sort((a, b) => a - b), Array.from({ length: N }, (_, i) => i), 'batch');
  equal(exact.items.length, 1, 'nothing but its channel');

  // One large message.
  const large = 'x'.repeat(300000);
  await within(20000, 'large publish', pub.publish('/large', large));
  equal((await deep.atLeast(N + 2, 10000, 'large')).at(-1).length, large.length, 'large message');

  // Refusals arrive as errors with a code.
  const err = await pub.publish('/bad channel', 1).then(() => null, (e) => e);
  equal(err && err.code, 405, 'error code');

  sWild.cancel();
  await sleep(300);
  await pub.publish('/chat/room', 2);
  await exact.atLeast(2, 10000, 'after unsubscribe');
  equal(wild.items.length, 1, 'unsubscribed');

  await restart();
  log('server restarted');
  // The clients find out by themselves, and subscribe again.
  const after = new Inbox();
  const until = Date.now() + 40000;
  for (let i = 0; exact.items.length < 3; i++) {
    if (Date.now() > until) throw new Error('no message after the restart');
    pub.publish('/chat/room', { again: i }).then(() => {}, () => {});
    await sleep(500);
  }
  log('messages again after the restart');

  await within(10000, 'disconnect', sub.disconnect());
  await within(10000, 'disconnect', pub.disconnect());
});
