// @ts-check
/**
 * Wake's beacon: records page views and what is done on them, as
 * docs/wire.md says; docs/beacon.md has its options and calls. Plain ES2017
 * that runs as it is: the build only makes it smaller.
 *
 * It never throws into the page and never blocks it. Every event is written
 * to localStorage before it is sent and removed once the server has it:
 * reloads, lost connections and restarts of the server lose nothing, and
 * sending twice is harmless, because every event has an id.
 *
 * @typedef {Record<string, any>} Properties
 * @typedef {{key: string, head: string, event: Properties}} Item
 *   A queued event. `head` is the JSON of the hit around it, still open at
 *   its end: events of the same head go in one request.
 */
(() => {
  const OFF = 'wake-off';
  const MAX_EVENTS = 500; // kept while the server is away
  const FILES = /\.(apk|csv|dmg|docx?|epub|exe|gz|iso|mp[34]|pdf|pptx?|rar|txt|xlsx?|zip)$/i;

  /**
   * Keeps the page safe from whatever goes wrong in here.
   * @param {(...args: any[]) => any} run
   */
  const safe = (run) => (/** @type {any[]} */ ...args) => {
    try {
      return run(...args);
    } catch (e) {}
  };

  const start = safe(() => {
    const doc = document;
    const nav = navigator;
    const stub = window.wake || {};
    if (stub.track) return; // included twice

    // Options: parameters of the script's URL and data-… attributes.

    /** @type {Properties} */
    const options = {};
    const source = new URL(script.src || '/', location.href);
    source.searchParams.forEach((value, name) => (options[name] = value));
    const {
      site,
      endpoint = '/wake/hit',
      auto,
      hash,
      clicks = 'a,button,summary,[type=submit],[role=button]',
      cookieless = !nav.cookieEnabled,
      cookieDomain = '',
      visitTimeout = 1800, // s
      ignoreDnt = nav.doNotTrack != 1 && !nav.globalPrivacyControl,
      before = '',
    } = Object.assign(options, script.dataset);
    const url = new URL(endpoint, source).href;
    const automatic = auto != 'false';

    // This page. What is known of it changes in view() and attend(), nowhere
    // else.

    /** The page view that is being looked at. @type {Item | undefined} */
    let current;
    let from = doc.referrer; // the page before it
    let since = 0; // when it got attention, by performance.now(); 0: it has none
    let engaged = 0; // ms of attention before that

    // Who is there.

    let user = {};
    let visit = '';
    let alive = 0; // last sign of life

    // The queue. Each event has its own key, so that tabs do not overwrite
    // each other's; keys sort by time.

    /** localStorage, or memory where there is none. @type {any} */
    let disk = {};
    safe(() => (disk = localStorage || disk))();
    let queue = cookieless ? {} : disk;
    let order = 1e3;
    let timer = 0;
    let busy = 0; // until when an answer is waited for
    let tries = 0;
    let limit = 50; // events in a request

    const keys = () => Object.keys(queue).filter((key) => !key.indexOf('wake:')).sort();

    /** @param {Item} item */
    function save({ key, head, event }) {
      const text = head + '\n' + JSON.stringify(event);
      try {
        queue[key] = text;
      } catch (e) {
        queue = { [key]: text }; // storage is full or forbidden
      }
      if (keys()[MAX_EVENTS]) delete queue[keys()[0]];
      timer = timer || setTimeout(flush, 100);
    }

    /** The queue as requests, oldest first. */
    function requests() {
      if (current && queue[current.key]) {
        current.event.title = doc.title; // single-page routers set it late
        save(current);
      }
      /** @type {{head: string, events: string[], saved: string[][]}[]} */
      const all = [];
      keys().forEach((key) => {
        const [head, event] = queue[key].split('\n');
        if (!all[0] || all[0].head != head || all[0].events.length >= limit) all.unshift({ head, events: [], saved: [] });
        all[0].events.push(event);
        all[0].saved.push([key, queue[key]]);
      });
      return all.reverse().map(({ head, events, saved }) => ({ saved, body: `${head},"sent":${Date.now()},"events":[${events}]}` }));
    }

    /** Sends the oldest request, and goes on until the queue is empty. */
    const flush = safe(() => {
      const [request] = requests();
      clearTimeout(timer);
      timer = 0;
      if (!request || Date.now() < busy) return;
      const { saved, body } = request;
      busy = Date.now() + 3e4;
      fetch(url, { method: 'POST', body, keepalive: body.length < 2e4 })
        .then(({ ok, status, headers }) => {
          if (status == 413 && saved[1]) limit = saved.length >> 1;
          else if (ok || /400|403|413|422/.test('' + status))
            // An event that has changed meanwhile must be sent again.
            saved.forEach(([key, text]) => queue[key] == text && delete queue[key]);
          else throw headers.get('Retry-After');
          tries = busy = 0;
          flush();
        })
        .catch((after) => {
          busy = 0;
          clearTimeout(timer);
          timer = setTimeout(flush, (Math.min(after, 86400) || 2 ** Math.min(tries++, 8)) * 1e3 * (1 + Math.random()));
        });
    });

    // Identity.

    const token = () => crypto.getRandomValues(new Uint32Array(4)).join('-');
    /** @param {string} name */
    const cookie = (name) => (doc.cookie.match(name + '=([^;]+)') || [])[1];
    /** @param {string} name @param {string} value @param {number} age in s; 0 forgets it */
    const setCookie = (name, value, age) => {
      doc.cookie = `${name}=${value};path=/;samesite=lax;max-age=${age};domain=${cookieDomain}${location.protocol > 'http:' ? ';secure' : ''}`;
      return value;
    };

    /** Whether the next event begins a visit. */
    const rested = () => (cookieless ? Date.now() - alive > visitTimeout * 1e3 : !cookie('wake_visit'));

    /** A sign of life. */
    const touch = () => {
      alive = Date.now();
      if (!cookieless) visit = setCookie('wake_visit', cookie('wake_visit') || visit || token(), visitTimeout);
    };

    // What happens.

    /** The page's address. */
    const address = () => (hash == null ? location.href.split('#')[0] : location.href);

    /**
     * @param {string} name
     * @param {Properties} [properties]
     * @param {Properties} [fields] of the event: revenue, currency
     * @param {Properties} [extra] of the hit
     * @returns {Item | undefined}
     */
    function record(name, properties, fields, extra) {
      if (ignoreDnt === false || disk[OFF]) return;
      const event = Object.assign({ id: token(), name, time: Date.now(), url: address(), title: doc.title, properties }, fields);
      if (event.revenue) event.revenue = (+event.revenue).toFixed(4);
      if (window[before] && window[before](event) === false) return;
      if (rested()) {
        settle();
        if (rested()) {
          visit = '';
          extra = Object.assign({
            landing_page: event.url,
            referrer: from,
            screen: [screen.width, screen.height],
            language: nav.language,
            time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
          }, extra);
        }
      }
      touch();
      const item = {
        key: 'wake:' + event.time + order++,
        head: JSON.stringify(Object.assign({ site }, user, cookieless ? {} : {
          visit_token: visit,
          visitor_token: setCookie('wake_visitor', cookie('wake_visitor') || cookie('ahoy_visitor') || token(), 63072e3),
        }, extra)).slice(0, -1),
        event,
      };
      save(item);
      return item;
    }

    /** A page view begins. @param {Properties} [properties] @param {Properties} [fields] */
    function view(properties, fields) {
      settle();
      current = record('$view', properties, Object.assign({ referrer: from }, fields));
      from = address();
      engaged = 0;
    }

    /** Attention is counted; its sum is saved when it ends. @param {boolean} [ends] */
    function settle(ends = true) {
      const now = performance.now();
      const attentive = !doc.hidden && doc.hasFocus();
      if (current && since && (ends || !attentive)) {
        current.event.engaged_ms = Math.round((engaged += now - since));
        since = 0;
        save(current);
        touch();
      }
      since = attentive ? since || now : 0;
    }

    /** Attention may have changed. @param {any} event */
    function attend({ type, persisted }) {
      const leaving = type == 'pagehide';
      if (!leaving && (persisted || (!since && rested()))) {
        busy = 0;
        current = undefined; // comes back, as from nowhere
        from = '';
      }
      settle(leaving);
      if (leaving) {
        requests().every(({ body }) => nav.sendBeacon(url, body));
        busy = Infinity;
      } else if (doc.hidden) tries || flush();
      else if (automatic && !current) view();
    }

    /** The address may have changed; another query is no other page. */
    const moved = safe(() => {
      const [now, was] = [address(), from].map((url) => url.replace(/\?[^#]*/, ''));
      if (now != was) view();
    });

    /** A click or a submit. @param {any} event */
    function act(event) {
      /** @param {string} selector @returns {any} */
      const find = (selector) => event.composedPath().find((/** @type {any} */ node) => node.matches && node.matches(selector));
      const form = event.type == 'submit';
      /** @type {Properties} */
      const properties = {};
      let name = form ? '$submit' : '$click';
      if (event.button > 1 || find('[data-wake-skip],[data-ahoy-skip],[contenteditable]')) return;
      const named = find((form ? 'form' : ':not(form)') + '[data-wake-event]');
      const element = named || (automatic && find(form ? 'form' : clicks));
      // Attributes, as a form's own properties may be hidden by its fields.
      const attribute = (/** @type {string} */ name, of = element) => (of && of.getAttribute(name)) || undefined;
      if (named) {
        name = attribute('data-wake-event');
        for (const { name, value } of named.attributes) if (!name.indexOf('data-wake-prop-')) properties[name.slice(15)] = value;
      } else if (element) {
        properties.tag = element.localName;
        properties.id = attribute('id');
        properties.class = attribute('class');
        properties.page = location.pathname;
        properties.section = attribute('data-section', find('[data-section]'));
        // What a visitor has typed or chosen is never read.
        if (!form && !/^(?!submit|button)./.test(element.type))
          properties.text = (element.textContent || attribute('value') || attribute('aria-label') || '').replace(/\s+/g, ' ').trim().slice(0, 200);
        if (element.origin) {
          properties.href = element.href;
          if (attribute('download') != null || FILES.test(element.pathname)) name = '$download';
          else if (element.host && element.host != location.host) name = '$outbound';
        }
      } else return;
      record(name, properties);
    }

    // What the page may call: wake.track(…), or wake('track', …), which the
    // one-line stub keeps until this script has come.

    /** @type {any} */
    const calls = {
      track: record,
      view,
      identify(/** @type {string} */ id, /** @type {Properties} */ traits, /** @type {string} */ user_signature) {
        user = { user_id: '' + id, user_signature };
        record('$identify', undefined, {}, { traits });
      },
      reset() {
        settle();
        current = undefined;
        user = {};
        from = visit = setCookie('wake_visit', setCookie('wake_visitor', '', 0), (alive = 0));
      },
      off() {
        calls.reset();
        keys().forEach((key) => delete queue[key]);
        disk[OFF] = 1;
      },
      on: () => delete disk[OFF],
    };
    /** @type {any} */
    const wake = (window.wake = safe((method, ...args) => calls[method](...args)));
    for (const name in calls) wake[name] = safe(calls[name]);
    wake(location.hash.split('#wake-')[1]);
    (stub.q || []).forEach((/** @type {any} */ call) => wake(...call));

    /** @param {string} types @param {(event?: any) => any} run @param {boolean} [capture] */
    const listen = (types, run, capture) => types.split(' ').forEach((type) => addEventListener(type, safe(run), capture));
    if (automatic) {
      if (!doc.hidden) view();
      ['pushState', 'replaceState'].forEach((name) => {
        const original = history[name];
        history[name] = function () {
          original.apply(this, arguments);
          moved();
        };
      });
      listen('popstate hashchange', moved);
    }
    listen('click auxclick submit', act, true);
    listen('focus blur pagehide pageshow visibilitychange', attend);
    listen('online', flush);
    flush();
  });

  /** @type {any} */
  const script = document.currentScript || document.querySelector('[data-site]');
  // A page that is being prerendered may never be seen.
  if (document.prerendering) document.addEventListener('prerenderingchange', start);
  else start();
})();
