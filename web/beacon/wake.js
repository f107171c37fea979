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
 * @typedef {{slot: string, frame: string, event: Properties}} Item
 *   An event in its slot of the queue. `frame` is the JSON of the hit around
 *   it, still open at its end: events of the same frame go in one request.
 */
(() => {
  const OFF = 'wake-off';
  const MAX_EVENTS = 500; // kept while the server is away
  const FILES = /\.(apk|csv|dmg|docx?|epub|exe|gz|mp[34]|pdf|pptx?|rar|xlsx?|zip)$/i;

  /**
   * Keeps the page safe from whatever goes wrong in here.
   * @param {(...args: any[]) => any} run
   */
  const safe = (run) => (/** @type {any[]} */ ...args) => {
    try {
      return run(...args);
    } catch (e) {}
  };

  safe(() => {
    const doc = document;
    const nav = navigator;
    const stub = window.wake || {};
    if (stub.track) return; // included twice

    // Options: parameters of the script's URL and data-… attributes.

    /** @type {Properties} */
    const options = {};
    /** @type {any} */
    const script = doc.currentScript || doc.querySelector('[data-site]'); // modules have no current one
    const source = new URL(script.src || '/', location.href);
    source.searchParams.forEach((value, name) => (options[name] = value));
    const {
      site = '',
      endpoint = '/wake/hit',
      auto,
      hash,
      clicks = 'a,button,summary,[type=submit],[role=button]',
      cookieless = nav.cookieEnabled ? undefined : '',
      cookieDomain = '',
      visitTimeout = 1800, // s
      ignoreDnt = nav.doNotTrack != 1 && !nav.globalPrivacyControl,
      before,
    } = Object.assign(options, script.dataset);
    const url = new URL(endpoint, source).href;
    const automatic = auto != 'false';
    const cookies = cookieless == null;

    // This page. Which one it is changes in view(), whether it is looked at in
    // attend(), nowhere else: what has to follow them hooks in there.

    /** The page view that is being looked at. @type {Item | undefined} */
    let current;
    let shown = ''; // which page that is
    let from = doc.referrer; // the address before it
    let since = 0; // when it got attention, by performance.now(); 0: it has none
    let engaged = 0; // ms of attention before that

    // Who is there.

    let user = {};
    let visit = '';
    let alive = 0; // last sign of life

    // The queue. Each event has its own key, so that tabs do not overwrite
    // each other's; keys sort by time.

    /** localStorage, or memory where there is none. @type {any} */
    const disk = safe(() => localStorage)() || {};
    let queue = cookies ? disk : {};
    let order = 1e3;
    let timer = 0;
    let busy = 0; // until when an answer is waited for
    let tries = 0;
    let limit = 50; // events in a request

    const keys = () => Object.keys(queue).filter((key) => !key.indexOf('wake:')).sort();

    /** @param {Item} item */
    const save = ({ slot, frame, event }) => {
      const text = frame + '\n' + JSON.stringify(event);
      try {
        queue[slot] = text;
      } catch (e) {
        queue = { [slot]: text }; // storage is full or forbidden
      }
      const all = keys();
      if (all[MAX_EVENTS]) delete queue[all[0]];
      timer = timer || setTimeout(flush, 100);
    };

    /** The queue as requests, oldest first. */
    const requests = () => {
      if (current && queue[current.slot]) {
        current.event.title = doc.title; // single-page routers set it late
        save(current);
      }
      /** @type {{frame: string, saved: string[][]}[]} */
      const all = [];
      keys().forEach((key) => {
        const [frame] = queue[key].split('\n');
        // What is said once comes last in a frame: one that begins another goes with it.
        if (!all[0] || (all[0].frame.indexOf(frame) && frame.indexOf(all[0].frame)) || all[0].saved[limit]) all.unshift({ frame, saved: [] });
        if (frame > all[0].frame) all[0].frame = frame;
        all[0].saved.push([key, queue[key]]);
      });
      return all.reverse().map(({ frame, saved }) => ({
        saved,
        body: `${frame},"sent":${Date.now()},"events":[${saved.map((item) => item[1].split('\n')[1])}]}`,
      }));
    };

    /** Sends the oldest request, and goes on until the queue is empty. */
    const flush = async () => {
      try {
        const [request] = requests();
        clearTimeout(timer);
        timer = 0;
        if (!request || Date.now() < busy) return;
        const { saved, body } = request;
        busy = Date.now() + 3e4;
        const { ok, status, headers } = await fetch(url, { method: 'POST', body, keepalive: !body[2e4] });
        if (status == 413 && saved[1]) limit = (saved.length >> 1) - 1;
        else if (ok || /400|403|413|422/.test(status + ''))
          // An event that has changed meanwhile must be sent again.
          saved.forEach(([key, text]) => queue[key] == text && delete queue[key]);
        else throw headers.get('Retry-After');
        tries = busy = 0;
        flush();
      } catch (after) {
        busy = 0;
        clearTimeout(timer);
        timer = setTimeout(flush, (Math.min(after, 86400) || 2 ** Math.min(tries, 8)) * 1e3 * (1 + Math.random()));
        tries++;
      }
    };

    // Identity.

    /** An id that nobody else makes; they sort by time. */
    const token = () =>
      Date.now().toString(36) + order++ + [...crypto.getRandomValues(new Uint32Array(3))].map((n) => n.toString(36)).join('');
    /** @param {string} name */
    const cookie = (name) => (doc.cookie.match(name + '=([^;]+)') || [])[1];
    /** @param {string} name @param {string} value @param {number} age in s; 0 forgets it */
    const setCookie = (name, value, age) => {
      doc.cookie = `${name}=${value};path=/;samesite=lax;max-age=${age};domain=${cookieDomain}${location.protocol > 'http:' ? ';secure' : ''}`;
      return value;
    };

    /** Whether the next event begins a visit. */
    const rested = () => (cookies ? !cookie('wake_visit') : Date.now() - alive > visitTimeout * 1e3);

    /** A sign of life. */
    const touch = () => {
      alive = Date.now();
      if (cookies) visit = setCookie('wake_visit', cookie('wake_visit') || visit || token(), visitTimeout);
    };

    // What happens.

    /** What tells pages apart. */
    const page = () => location.pathname + (hash == null ? '' : location.hash);
    const address = () => (hash == null ? location.href.split('#')[0] : location.href);

    /**
     * @param {string} name
     * @param {Properties} [properties]
     * @param {Properties} [fields] of the event: revenue, currency
     * @param {Properties} [extra] of the hit
     * @returns {Item | undefined}
     */
    const record = (name, properties, fields, extra) => {
      if (ignoreDnt === false || disk[OFF]) return;
      const event = Object.assign({ id: token(), name, time: Date.now(), url: address(), title: doc.title, properties }, fields);
      if (event.revenue) event.revenue = (+event.revenue).toFixed(4);
      if (safe(window[before])(event) === false) return;
      if (rested()) settle();
      if (rested()) {
        visit = '';
        extra = Object.assign({
          landing_page: event.url,
          referrer: from,
          screen: [screen.width, screen.height],
          language: nav.language,
          time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        }, user, extra);
      }
      touch();
      const item = {
        slot: 'wake:' + event.id,
        frame: JSON.stringify(Object.assign({ site }, cookies && {
          visit_token: visit,
          visitor_token: setCookie('wake_visitor', cookie('wake_visitor') || cookie('ahoy_visitor') || token(), 63072e3),
        }, extra)).slice(0, -1),
        event,
      };
      save(item);
      return item;
    };

    /** A page view begins. @param {Properties} [properties] */
    const view = (properties) => {
      settle();
      current = record('$view', properties, { referrer: from });
      from = address();
      shown = page();
      engaged = 0;
    };

    /** Attention is counted; its sum is saved when it ends. @param {boolean} [ends] */
    const settle = (ends = true) => {
      const now = performance.now();
      const attentive = !doc.hidden && doc.hasFocus();
      if (current && since && (ends || !attentive)) {
        current.event.engaged_ms = Math.round((engaged += now - since));
        since = 0;
        save(current);
        touch();
      }
      since = attentive ? since || now : 0;
    };

    /** Attention may have changed. @param {any} event */
    const attend = ({ type, persisted }) => {
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
    };

    /** The address may have changed. */
    const moved = () => page() != shown && view();

    /** A click or a submit. @param {any} event */
    const act = ({ type, button, target }) => {
      /** @param {string} selector */
      const find = (selector) => target.closest(selector);
      const form = type == 'submit';
      const named = find('[data-wake-event]' + (form ? '' : ':not(form)'));
      const element = named || (automatic && (form ? target : find(clicks)));
      if (!element || button > 1 || find('[data-wake-skip],[data-ahoy-skip],[contenteditable]')) return;
      // Attributes, as a form's own properties may be hidden by its fields.
      const attribute = (/** @type {string} */ name) => element.getAttribute(name) || undefined;
      /** @type {Properties} */
      const properties = {};
      if (named) {
        for (const { name, value } of named.attributes) if (!name.indexOf('data-wake-prop-')) properties[name.slice(15)] = value;
        return record(named.dataset.wakeEvent, properties);
      }
      const away = element.host && element.host != location.host;
      record(form ? '$submit' : FILES.test(element.pathname) || attribute('download') ? '$download' : away ? '$outbound' : '$click', {
        tag: element.localName,
        id: attribute('id'),
        class: attribute('class'),
        page: location.pathname,
        section: (find('[data-section]') || script).dataset.section,
        // What a visitor has typed or chosen is never read.
        text: form || /^(?!submit|button)./.test(element.type) ? undefined
          : (element.textContent || attribute('value') || attribute('aria-label') || '').replace(/\s+/g, ' ').trim().slice(0, 200),
        href: element.origin ? element.href : undefined,
      });
    };

    // What the page may call: wake.track(…), or wake('track', …), which the
    // one-line stub keeps until this script has come.

    /** @type {any} */
    const calls = {
      track: record,
      view,
      identify(/** @type {string} */ id, /** @type {Properties} */ traits, /** @type {string} */ user_signature) {
        if (!id) return; // would make one person of all who are signed out
        const said = JSON.stringify([cookie('wake_visit'), (user = { user_id: '' + id, user_signature }), traits]);
        if (queue.wake_user != said) record('$identify', undefined, {}, Object.assign({ traits }, user));
        queue.wake_user = said; // pages say it again and again
      },
      reset() {
        settle();
        current = undefined;
        user = {};
        delete queue.wake_user;
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
    wake('o' + location.hash.split('#wake-o')[1]); // on or off, nothing else
    (stub.q || []).forEach((/** @type {any} */ call) => wake(...call));

    /** @param {string} types @param {(event?: any) => any} run @param {boolean} [capture] */
    const listen = (types, run, capture) => types.split(' ').forEach((type) => addEventListener(type, safe(run), capture));
    if (automatic) {
      if (!doc.hidden) view();
      ['pushState', 'replaceState'].forEach((name) => {
        const original = history[name].bind(history);
        history[name] = (/** @type {any[]} */ ...args) => {
          original(...args);
          safe(moved)();
        };
      });
      listen('popstate hashchange', moved);
    }
    listen('click auxclick submit', act, true);
    listen('focus blur pagehide pageshow visibilitychange', attend);
    listen('online', flush);
  })();
})();
