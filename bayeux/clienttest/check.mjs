// What the scripts here share: waiting with a limit, and saying what failed.

const started = Date.now();

export function log(...args) {
  console.log(`[${String(Date.now() - started).padStart(5)} ms]`, ...args);
}

// within rejects when the promise takes longer than ms.
export function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export function equal(got, want, what) {
  const g = JSON.stringify(got), w = JSON.stringify(want);
  if (g !== w) throw new Error(`${what}: got ${g}, want ${w}`);
}

// Inbox collects values and lets one wait for a number of them.
export class Inbox {
  constructor() { this.items = []; this.waiting = []; }
  add(x) {
    this.items.push(x);
    this.waiting = this.waiting.filter(({ n, resolve }) => this.items.length < n || resolve(this.items) || false);
  }
  atLeast(n, ms, what) {
    return within(ms, `${what} (${this.items.length} of ${n})`, new Promise((resolve) => {
      if (this.items.length >= n) resolve(this.items); else this.waiting.push({ n, resolve });
    }));
  }
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function run(main) {
  main().then(() => { log('ok'); process.exit(0); }, (err) => { console.error(err.stack || err); process.exit(1); });
}

// restart asks the Go test, on stdout, to restart the server, and waits for its
// word on stdin.
export function restart() {
  console.log('RESTART');
  return within(20000, 'restart of the server', new Promise((resolve) => process.stdin.once('data', resolve)));
}
