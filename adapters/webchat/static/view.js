// The messages on the screen.

import { render } from "./markdown.js";
import { answerOf } from "./talk.js";
import { say, translate } from "./words.js";

const log = document.getElementById("log");
const list = document.getElementById("exchanges");
const welcome = document.getElementById("welcome");
const down = document.getElementById("down");
const shown = new Map(); // by exchange id: its elements
const dirty = new Map(); // by exchange id: what is to be drawn at the next frame, and what stands below it
const NEAR = 80; // pixels from the end that still count as at the end

let follow = true;
let frame = 0;

/** Draw *exchange* as it is now, soon; a new one above *below*, or at the end. */
export function draw(exchange, below) {
  dirty.set(exchange.id, { exchange, below });
  frame ||= requestAnimationFrame(drawAll);
}

/** Show these exchanges instead of those that are there. */
export function drawOnly(exchanges) {
  dirty.clear();
  shown.clear();
  list.replaceChildren();
  follow = true;
  for (const exchange of exchanges) dirty.set(exchange.id, { exchange });
  drawAll();
}

/** Go to the newest message, and stay with it. */
export function toEnd() {
  follow = true;
  log.scrollTop = log.scrollHeight;
  down.hidden = true;
}

function drawAll() {
  cancelAnimationFrame(frame);
  frame = 0;
  for (const { exchange, below } of dirty.values()) update(elementsOf(exchange, below), exchange);
  dirty.clear();
  welcome.hidden = list.childElementCount > 0;
  if (follow) toEnd();
}

function elementsOf(exchange, below) {
  let elements = shown.get(exchange.id);
  if (!elements) {
    elements = build(exchange);
    shown.set(exchange.id, elements);
    list.insertBefore(elements.root, shown.get(below?.id)?.root ?? null);
  }
  return elements;
}

function build({ id }) {
  const root = make("section", "exchange");
  root.dataset.id = id;
  const person = make("article", "said person");
  person.dataset.label = "person";
  const question = make("div", "text");
  const state = make("p", "state");
  person.append(question, state);

  const bot = make("article", "said bot");
  bot.dataset.label = "bot";
  const answer = make("div", "text markdown");
  const dots = make("p", "dots");
  dots.append(make("i"), make("i"), make("i"));
  const stopped = make("p", "state");
  const tools = make("div", "tools");
  tools.append(button("copy", "copy answer"), button("retry", "retry"));
  bot.append(answer, dots, stopped, tools);
  root.append(person, bot);
  translate(root);
  return { root, person, question, state, bot, answer, dots, stopped, tools };
}

function update(elements, exchange) {
  const text = answerOf(exchange);
  const waiting = { waiting: "waiting", refused: "tooLong" }[exchange.sending];
  elements.person.hidden = exchange.question === null;
  elements.question.textContent = exchange.question ?? "";
  elements.state.textContent = waiting ? say(waiting) : "";
  elements.root.classList.toggle("unsent", Boolean(waiting));
  if (elements.text !== text) render(elements.answer, text);
  elements.text = text;
  const silent = exchange.open && exchange.growing === null;
  elements.dots.hidden = !silent || exchange.sending === "waiting";
  elements.bot.classList.toggle("again", silent && text !== "");
  elements.bot.classList.toggle("growing", exchange.open && exchange.growing !== null);
  elements.bot.setAttribute("aria-busy", String(exchange.open));
  elements.bot.hidden = Boolean(waiting) && !text;
  elements.stopped.textContent = !exchange.open && !text && !waiting ? say("stopped") : "";
  elements.tools.hidden = exchange.open || Boolean(waiting);
  elements.tools.querySelector(".answer").hidden = !text;
}

function make(tag, classes = "") {
  const element = document.createElement(tag);
  element.className = classes;
  return element;
}

function button(word, classes) {
  const element = make("button", `quiet ${classes}`);
  element.type = "button";
  element.dataset.say = word;
  return element;
}

log.addEventListener(
  "scroll",
  () => {
    follow = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
    down.hidden = follow;
  },
  { passive: true },
);
down.addEventListener("click", toEnd);
new ResizeObserver(() => follow && toEnd()).observe(log);
