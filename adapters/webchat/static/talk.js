// The conversation on the screen: its exchanges, and what events make of them.

/** An exchange: a question, its answers, one that grows, and whether one is still to come. */
export function exchangeOf(id, time) {
  return { id, time, question: null, answers: [], growing: null, open: true, sending: "" };
}

export class Talk {
  /** *changed* is told of every exchange that looks different now. */
  constructor(id, changed) {
    this.id = id;
    this.changed = changed;
    this.exchanges = new Map();
  }

  /** Show what the gateway remembers, and what it has not got yet. */
  load(exchanges, waiting) {
    this.exchanges.clear();
    for (const exchange of exchanges) this.exchanges.set(exchange.id, { ...exchange, sending: "" });
    for (const message of waiting) {
      if (!message.control && !this.exchanges.has(message.id)) this.ask(message);
    }
  }

  /** Somebody at this page asks. */
  ask({ id, text, time }) {
    const exchange = { ...exchangeOf(id, time), question: text, sending: "sending" };
    this.exchanges.set(id, exchange);
    this.changed(exchange);
  }

  /** Put an exchange where it belongs: what the gateway has got comes before what it has not got yet. */
  place(exchange) {
    const unsent = [...this.exchanges.values()].filter(({ sending }) => sending === "sending" || sending === "waiting");
    for (const { id } of unsent) this.exchanges.delete(id);
    for (const one of [exchange, ...unsent]) this.exchanges.set(one.id, one);
  }

  /** The exchange that is shown right below this one, if there is one. */
  below(exchange) {
    const all = [...this.exchanges.values()];
    return all[all.indexOf(exchange) + 1];
  }

  settle(id, how) {
    const exchange = this.exchanges.get(id);
    if (!exchange) return;
    exchange.sending = how === "sent" ? "" : how;
    if (how === "refused") exchange.open = false;
    this.changed(exchange);
  }

  /** Take an event of this conversation in. */
  apply(event) {
    const id = event.exchange?.id ?? event.id;
    const known = this.exchanges.get(id);
    const exchange = known ?? exchangeOf(id, event.exchange?.time ?? event.time ?? Date.now() / 1000);
    if (event.type === "asked") {
      exchange.question ??= event.question;
      exchange.open = true;
    } else if (event.type === "growth") {
      exchange.growing = (exchange.growing ?? "").slice(0, event.at) + event.tail;
      exchange.open = true;
    } else if (event.type === "exchange") {
      const question = event.exchange.question ?? exchange.question;
      Object.assign(exchange, event.exchange, { question });
    } else if (event.type === "closed" && known) {
      exchange.open = false;
    } else {
      return;
    }
    exchange.sending = "";
    this.place(exchange);
    this.changed(exchange, event.type === "exchange");
  }

  /** The exchange whose answer is being given, or is next; none where nothing is awaited. */
  get working() {
    const open = [...this.exchanges.values()].filter((exchange) => exchange.open);
    return open.find((exchange) => exchange.growing !== null) ?? open[0];
  }

  get last() {
    return [...this.exchanges.values()].at(-1);
  }
}

/** What an exchange shows as its answer: the one that grows, else the one that is there. */
export function answerOf(exchange) {
  return exchange.growing ?? exchange.answers.join("\n\n");
}
