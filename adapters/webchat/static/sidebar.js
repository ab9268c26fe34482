// The list of conversations; on a narrow screen it slides in.

import { say } from "./words.js";

const sidebar = document.getElementById("sidebar");
const shade = document.getElementById("shade");
const menu = document.getElementById("menu");
const list = document.getElementById("conversations");
const narrow = matchMedia("(max-width: 760px)");

/** Show *conversations*, the newest first; *unread* holds ids. */
export function drawList(conversations, current, unread) {
  const focused = document.activeElement?.closest?.("#conversations button");
  const again = focused && [focused.className, focused.closest("li").dataset.id];
  list.replaceChildren(...conversations.map((one) => item(one, one.id === current, unread.has(one.id))));
  if (again) list.querySelector(`[data-id="${again[1]}"] .${again[0].split(" ").at(-1)}`)?.focus();
}

function item({ id, title }, current, unread) {
  const row = document.createElement("li");
  row.dataset.id = id;
  row.classList.toggle("unread", unread);
  const open = document.createElement("button");
  open.type = "button";
  open.className = "open";
  open.textContent = title;
  open.title = title;
  if (current) open.setAttribute("aria-current", "page");
  if (unread) open.setAttribute("aria-label", `${title} (${say("unread")})`);
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "icon delete";
  remove.setAttribute("aria-label", `${say("delete")}: ${title}`);
  remove.title = say("delete");
  remove.append(cross());
  row.append(open, remove);
  return row;
}

function cross() {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  const lines = document.createElementNS(space, "path");
  lines.setAttribute("d", "M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12M10.500 11v5M13.500 11v5");
  picture.append(lines);
  return picture;
}

/** Slide the list in, on a narrow screen. */
export function openSidebar() {
  document.body.classList.add("listing");
  menu.setAttribute("aria-expanded", "true");
  arrange();
  document.getElementById("new").focus();
}

/** Slide it out; true where it was in. */
export function closeSidebar() {
  const was = document.body.classList.contains("listing");
  document.body.classList.remove("listing");
  menu.setAttribute("aria-expanded", "false");
  arrange();
  return was;
}

/** What cannot be seen cannot be reached: not the list when it is out, nor the page behind it when it is in. */
function arrange() {
  const open = document.body.classList.contains("listing");
  sidebar.inert = narrow.matches && !open;
  document.getElementById("page").inert = narrow.matches && open;
}

narrow.addEventListener("change", () => {
  closeSidebar();
});
menu.addEventListener("click", openSidebar);
document.getElementById("close").addEventListener("click", () => {
  closeSidebar();
  menu.focus();
});
shade.addEventListener("click", closeSidebar);
arrange();
