// The page: one conversation on the screen, the others in the list, and the way between them and the gateway.

import { plain } from "./markdown.js";
import { closeSidebar, drawList } from "./sidebar.js";
import { Talk, answerOf } from "./talk.js";
import { draw, drawOnly, toEnd } from "./view.js";
import { ask, newId, Outbox, post, Wire } from "./wire.js";
import { say, switchLanguage, translate } from "./words.js";

const $ = (id) => document.getElementById(id);
const text = $("text");
const SPOKEN = 1500; // letters of an answer that are read aloud by themselves

const conversations = new Map(); // by id: {id, title, time}
const unread = new Set();
const outbox = new Outbox(settled);
let talk = new Talk(idInAddress() ?? newId(), changed);
let loading = null; // events that came while the state is on its way

// --- what comes in

function heard(event) {
  if (event.type === "ready") return load();
  if (loading) loading.push(event);
  else take(event);
}

function take(event) {
  if (event.type === "listed") {
    conversations.set(event.entry.id, event.entry);
    drawConversations();
  } else if (event.type === "deleted") {
    forget(event.conversation);
  } else if (event.conversation === talk.id) {
    if (event.type === "closed" || event.type === "typing") speak(event.text ?? say("writing"));
    talk.apply(event);
  } else if (event.type === "exchange") {
    unread.add(event.conversation);
    drawConversations();
  }
}

/** Get the list and the open conversation anew; what happens meanwhile is not lost and not shown twice. */
async function load() {
  const mine = (loading = []);
  const wanted = talk;
  let list, history;
  try {
    [list, history] = await Promise.all([ask("chat/conversations"), ask(`chat/conversations/${talk.id}`)]);
  } catch {
    if (loading === mine) setTimeout(load, 1000);
    return;
  }
  if (loading !== mine) return; // a newer one is on its way
  loading = null;
  conversations.clear();
  for (const one of list.conversations) conversations.set(one.id, one);
  $("logout").hidden = list.session !== "login";
  wanted.load(history.exchanges, outbox.of(wanted.id));
  drawOnly(wanted.exchanges.values());
  for (const event of mine) if (event.seq > history.seq) take(event);
  drawConversations();
  tools();
}

function changed(exchange, answered = false) {
  draw(exchange, talk.below(exchange));
  tools();
  if (answered && !exchange.open) speak(`${say("answer")}: ${plain(answerOf(exchange)).slice(0, SPOKEN)}`);
}

function connected(online) {
  $("offline").hidden = online;
  $("offline").textContent = online ? "" : say("offline");
  if (online) {
    speak(say("online"));
    outbox.hurry();
  }
}

function settled(message, how) {
  if (message.conversation !== talk.id) return;
  if (!message.control) talk.settle(message.id, how);
  // What the model did not answer (it failed, or it was a command) is asked anew.
  else if (how === "anew") sendText(talk.exchanges.get(message.about)?.question);
}

function speak(words) {
  $("spoken").textContent = words;
}

// --- what goes out

function send() {
  const said = text.value.trim();
  if (!said) return;
  text.value = "";
  grow();
  if (said === "/stop") return stop();
  if (said === "/retry") return retry();
  sendText(said);
}

function sendText(said) {
  if (!said) return;
  const message = { conversation: talk.id, id: newId(), text: said, time: Date.now() / 1000 };
  talk.ask(message);
  toEnd();
  outbox.put(message);
  if (idInAddress() !== talk.id) history.replaceState(null, "", `?c=${talk.id}`);
}

function stop() {
  const working = talk.working;
  if (!working) return;
  post({ conversation: talk.id, id: `stop.${working.id}.${newId()}`, text: "/stop" }).catch(() => {});
}

function retry() {
  const last = talk.last;
  if (!last || last.open) return;
  const id = `retry.${last.id}.${newId()}`;
  outbox.put({ conversation: talk.id, id, text: "/retry", control: true, about: last.id });
}

// --- one conversation or another

function idInAddress() {
  const id = new URLSearchParams(location.search).get("c") ?? "";
  return /^[\w-]{16,40}$/.test(id) ? id : null;
}

function open(id) {
  talk = new Talk(id, changed);
  unread.delete(id);
  drawOnly([]);
  drawConversations();
  tools();
  load();
  closeSidebar();
  // On a phone that would bring the keyboard up.
  if (!matchMedia("(pointer: coarse)").matches) text.focus();
}

function begin() {
  history.pushState(null, "", location.pathname);
  open(newId());
}

function forget(id) {
  conversations.delete(id);
  unread.delete(id);
  outbox.drop(id);
  if (id === talk.id) begin();
  else drawConversations();
}

function drawConversations() {
  drawList([...conversations.values()].sort((a, b) => b.time - a.time), talk.id, unread);
  const title = conversations.get(talk.id)?.title;
  $("title").textContent = title ?? say("new");
  document.title = title ?? say("new");
}

$("conversations").addEventListener("click", async ({ target }) => {
  const id = target.closest("li")?.dataset.id;
  if (target.closest(".open")) {
    history.pushState(null, "", `?c=${id}`);
    open(id);
  } else if (target.closest(".delete") && confirm(say("deleteSure"))) {
    await ask(`chat/conversations/${id}`, { method: "DELETE" }).catch(() => {});
  }
});
$("new").addEventListener("click", begin);
addEventListener("popstate", () => open(idInAddress() ?? newId()));

// --- the message box

/** As high as what is written, up to a limit. */
function grow() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
  tools();
}

function tools() {
  $("send").disabled = !text.value.trim();
  $("stop").hidden = !talk.working;
  if (document.activeElement === $("stop") && !talk.working) text.focus();
}

text.addEventListener("input", grow);
text.addEventListener("keydown", (event) => {
  // Enter also ends the choice of a Chinese word: then it does not send.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  send();
});
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
  text.focus();
});
$("stop").addEventListener("click", () => {
  stop();
  text.focus();
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing) return;
  if (closeSidebar()) $("menu").focus();
  else stop();
});

$("exchanges").addEventListener("click", ({ target }) => {
  const id = target.closest(".exchange")?.dataset.id;
  if (target.closest(".copy.answer")) copy(target, answerOf(talk.exchanges.get(id)));
  else if (target.closest(".copy")) copy(target, target.closest(".code").querySelector("pre").textContent);
  else if (target.closest(".retry")) {
    retry();
    text.focus();
  }
});

async function copy(button, what) {
  try {
    await navigator.clipboard.writeText(what);
  } catch {
    copyBySelection(what); // without https there is no clipboard
  }
  button.textContent = say("copied");
  speak(say("copied"));
  setTimeout(() => (button.textContent = say("copy")), 1500);
}

function copyBySelection(what) {
  const field = document.createElement("textarea");
  field.className = "unseen";
  field.value = what;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

// --- language and theme

function speakLanguage() {
  translate();
  const other = document.documentElement.lang === "en" ? ["中文", "zh-CN"] : ["EN", "en"];
  [$("language").textContent, $("language").lang] = other;
  showTheme();
  for (const exchange of talk.exchanges.values()) draw(exchange, talk.below(exchange));
  drawConversations();
  if (!$("offline").hidden) $("offline").textContent = say("offline");
}

function showTheme() {
  $("theme").dataset.label = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  translate($("theme").parentElement);
}

$("language").addEventListener("click", () => {
  switchLanguage();
  speakLanguage();
});
$("theme").addEventListener("click", () => {
  const { dataset } = document.documentElement;
  dataset.theme = dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("theme", dataset.theme);
  showTheme();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ({ matches }) => {
  if (localStorage.getItem("theme")) return;
  document.documentElement.dataset.theme = matches ? "dark" : "light";
  showTheme();
});
addEventListener("nocookies", () => {
  $("offline").hidden = false;
  $("offline").textContent = say("cookies");
});

speakLanguage();
grow();
new Wire(heard, connected);
outbox.flush();
