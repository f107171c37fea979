/** What pages call; see docs/beacon.md. */
interface Wake {
  /** The one-line stub's form, which works before the script has come, too. */
  (method: 'track' | 'view' | 'identify' | 'reset' | 'off' | 'on', ...args: any[]): void;
  /** Records an event of your own. */
  track(name: string, properties?: object, value?: { revenue?: number | string; currency?: string }): void;
  /** Records a page view, for pages with data-auto="false". */
  view(properties?: object): void;
  /**
   * Says who the visitor is. `signature` is hex(HMAC-SHA256(identify secret,
   * id)), for sites that have such a secret.
   */
  identify(id: string | number, traits?: object, signature?: string): void;
  /** Forgets the visitor, as at sign-out: the next event begins a new visit of a new visitor. */
  reset(): void;
  /** Records nothing in this browser from now on, for people who work on the site. */
  off(): void;
  /** Records again. */
  on(): void;
  /** Calls that came before the script. */
  q?: ArrayLike<any>[];
}

interface Window {
  wake: Wake;
  [name: string]: any;
}

interface History {
  [name: string]: any;
}

interface Document {
  prerendering?: boolean;
}

interface Navigator {
  globalPrivacyControl?: boolean;
}
