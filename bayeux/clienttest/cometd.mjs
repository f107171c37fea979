// npm cometd with its Node adapter: node cometd.mjs URL TRANSPORT
import { load } from './packages.mjs';
import { Inbox, equal, log, restart, run, sleep, within } from './check.mjs';

const [url, transport] = process.argv.slice(2);
const { adapt } = await load('cometd-nodejs-client');
adapt();
const { CometD, AckExtension, BinaryExtension, TimeSyncExtension } = await load('cometd');

function client() {
  const c = new CometD();
  c.configure({ url, logLevel: 'warn', backoffIncrement: 500 });
  c.unregisterTransport(transport === 'websocket' ? 'long-polling' : 'websocket');
  const ack = new AckExtension(), time = new TimeSyncExtension();
  c.registerExtension('ack', ack);
  c.registerExtension('timesync', time);
  c.registerExtension('binary', new BinaryExtension());
  return Object.assign(c, { time });
}

const ask = (what, f) => within(15000, what, new Promise((resolve, reject) => {
  f((reply) => (reply.successful ? resolve(reply) : reject(new Error(`${what}: ${JSON.stringify(reply)}`))));
}));

run(async () => {
  const a = client(), b = client();
  const inbox = new Inbox(), wild = new Inbox();
  let handshakes = 0;
  a.addListener('/meta/handshake', (m) => {
    if (!m.successful) return;
    handshakes++;
    // CometD clients subscribe in their handshake listener.
    a.batch(() => {
      a.subscribe('/chat/room', (x) => inbox.add(x.data));
      a.subscribe('/chat/*', (x) => wild.add(x.data));
    });
  });
  const hs = await ask('handshake', (cb) => a.handshake(cb));
  equal(hs.ext && hs.ext.ack, true, 'ack extension');
  await ask('handshake', (cb) => b.handshake(cb));
  equal(a.getTransport().type, transport, 'transport');
  await sleep(500);

  await ask('publish', (cb) => b.publish('/chat/room', { n: 1 }, cb));
  equal(await inbox.atLeast(1, 10000, 'message'), [{ n: 1 }], 'data');
  await wild.atLeast(1, 10000, 'wildcard');
  if (Math.abs(a.time.getTimeOffset()) > 2000) throw new Error('timesync: offset ' + a.time.getTimeOffset());

  const N = 200;
  await within(20000, 'batch', new Promise((resolve) => {
    let n = 0;
    b.batch(() => { for (let i = 0; i < N; i++) b.publish('/chat/room', i, () => ++n === N && resolve()); });
  }));
  equal((await inbox.atLeast(N + 1, 15000, 'batch')).slice(1), Array.from({ length: N }, (_, i) => i), 'order of the batch');

  // Binary data, as the binary extension packs it.
  const packed = new Inbox();
  await ask('subscribe', (cb) => a.subscribe('/binary', (m) => packed.add(m.data), cb));
  await ask('binary publish', (cb) => b.publishBinary('/binary', new Uint8Array([0, 1, 254, 255, 7]), true, { name: 'x' }, cb));
  const [bin] = await packed.atLeast(1, 10000, 'binary');
  equal([Array.from(new Uint8Array(bin.data)), bin.last, bin.meta], [[0, 1, 254, 255, 7], true, { name: 'x' }], 'binary');

  // A service nobody handles, and a refusal.
  const bad = await new Promise((resolve) => b.publish('/bad channel', 1, resolve));
  equal(bad.successful, false, 'invalid channel');

  // The connection breaks while messages come: with the ack extension nothing
  // is lost and the session goes on.
  const before = a.getClientId();
  if (transport === 'websocket') {
    console.log('CUT');
    await within(10000, 'cut', new Promise((resolve) => process.stdin.once('data', resolve)));
    for (let i = 0; i < 20; i++) {
      await ask('publish', (cb) => b.publish('/chat/room', `cut ${i}`, cb)).catch(() => i--);
    }
    const got = (await inbox.atLeast(N + 21, 20000, 'after the cut')).slice(N + 1);
    equal(got, Array.from({ length: 20 }, (_, i) => `cut ${i}`), 'after the cut');
    equal(a.getClientId(), before, 'client id after the cut');
    log('resumed', before);
  }

  const was = handshakes, have = inbox.items.length;
  await restart();
  const until = Date.now() + 40000;
  for (let i = 0; handshakes === was || inbox.items.length === have; i++) {
    if (Date.now() > until) throw new Error('no message after the restart');
    if (!b.isDisconnected()) b.publish('/chat/room', { again: i });
    await sleep(500);
  }
  log('messages again after the restart');
  await ask('disconnect', (cb) => a.disconnect(cb));
  await ask('disconnect', (cb) => b.disconnect(cb));
});
