// The way to the gateway: events come in a stream, what is said goes out one message after the other.

import { language } from "./words.js";

const AGAIN = [500, 1000, 2000, 4000, 8000, 15000]; // ms between tries, the last one for ever
const SILENCE = 45000; // ms without any event, beats included: the connection is dead
const HIDDEN = 20000; // ms after which a hidden tab gives its connection back (browsers have six for a site)
const KEPT = "outbox";

/** A random id: 22 letters. Not crypto.randomUUID: that one wants https. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

/** Ask the gateway for JSON. Throws a `Refusal`, or a TypeError where it cannot be reached. */
export async function ask(path, options = {}) {
  const headers = { "X-Gateway-Chat": "1", ...(options.body ? { "Content-Type": "application/json" } : {}) };
  const response = await fetch(path, { ...options, headers, signal: AbortSignal.timeout(30000) });
  if (response.status === 401) comeBack();
  else sessionStorage.removeItem("returned");
  if (!response.ok) throw new Refusal(response);
  return { ...(await response.json()), session: response.headers.get("Gateway-Session") };
}

export class Refusal extends Error {
  constructor(response) {
    super(`refused: ${response.status}`);
    this.status = response.status;
    this.wait = 1000 * Number(response.headers.get("Retry-After") ?? 0);
  }
}

/** The gateway does not know us (any more): load the page anew, which asks for the password; but only once. */
function comeBack() {
  if (sessionStorage.getItem("returned")) return dispatchEvent(new Event("nocookies"));
  sessionStorage.setItem("returned", "1");
  location.reload();
}

export class Wire {
  /** *heard* gets every event, *changed* whether there is a connection. */
  constructor(heard, changed) {
    this.online = true;
    this.heard = heard;
    this.changed = changed;
    this.tries = 0;
    addEventListener("offline", () => this.lost());
    addEventListener("online", () => this.open());
    document.addEventListener("visibilitychange", () => this.visible());
    this.open();
  }

  open() {
    this.close();
    this.source = new EventSource("chat/events");
    this.source.onmessage = ({ data }) => this.got(JSON.parse(data));
    this.source.onerror = () => this.lost();
    this.watch();
  }

  close() {
    this.source?.close();
    clearTimeout(this.watchdog);
    clearTimeout(this.timer);
  }

  got(event) {
    this.watch();
    if (event.type === "ready") {
      this.tries = 0;
      this.show(true);
    }
    if (event.type !== "beat") this.heard(event);
  }

  lost() {
    this.close();
    this.show(false);
    const pause = AGAIN[Math.min(this.tries++, AGAIN.length - 1)];
    this.timer = setTimeout(() => this.retry(), pause * (0.75 + Math.random() / 2));
  }

  async retry() {
    // An EventSource does not tell why it was refused; a request does, and comes back to the login if need be.
    try {
      await ask("chat/conversations");
    } catch {
      return this.lost();
    }
    this.open();
  }

  watch() {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.lost(), SILENCE);
  }

  visible() {
    clearTimeout(this.hiding);
    if (document.hidden) {
      this.hiding = setTimeout(() => {
        this.close();
        this.parked = true;
      }, HIDDEN);
    } else if (this.parked) {
      this.parked = false;
      this.open();
    }
  }

  show(online) {
    if (this.online === online) return;
    this.online = online;
    this.changed(online);
  }
}

/** What was written and is not accepted yet, in order; kept over a reload of the page. */
export class Outbox {
  /** *settled* is told of every message: "sent", "anew" (to be asked anew), "waiting" or "refused". */
  constructor(settled) {
    this.settled = settled;
    this.messages = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
  }

  of(conversation) {
    return this.messages.filter((message) => message.conversation === conversation);
  }

  put(message) {
    this.messages.push(message);
    this.keep();
    this.flush();
  }

  drop(conversation) {
    this.messages = this.messages.filter((message) => message.conversation !== conversation);
    this.keep();
  }

  /** Try now what waits for its next try. */
  hurry() {
    this.wake?.();
  }

  async flush() {
    if (this.flushing) return;
    this.flushing = true;
    for (let tries = 0; this.messages.length; ) {
      const message = this.messages[0];
      const wait = await this.send(message);
      if (wait === null) {
        this.messages = this.messages.filter((other) => other !== message);
        this.keep();
        tries = 0;
      } else {
        await this.pause(Math.max(wait, AGAIN[Math.min(tries++, AGAIN.length - 1)]));
      }
    }
    this.flushing = false;
  }

  /** Send one message; null when that is settled, else how long to wait at least (ms). */
  async send(message) {
    try {
      const { ask: anew } = await post(message);
      this.settled(message, anew ? "anew" : "sent");
      return null;
    } catch (error) {
      const final = error instanceof Refusal && [400, 404, 413, 415].includes(error.status);
      this.settled(message, final ? "refused" : "waiting");
      return final ? null : (error.wait ?? 0);
    }
  }

  pause(time) {
    return new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(resolve, time);
    });
  }

  keep() {
    sessionStorage.setItem(KEPT, JSON.stringify(this.messages));
  }
}

/** Say something: the gateway has it for good when this returns. */
export function post({ conversation, id, text }) {
  const body = JSON.stringify({ id, text, language });
  return ask(`chat/conversations/${conversation}/messages`, { method: "POST", body });
}
