// From the Markdown of a model to elements: marked reads it, DOMPurify lets only harmless elements through.

import { Marked } from "./vendor/marked.esm.js";
import DOMPurify from "./vendor/purify.es.mjs";
import { say } from "./words.js";

const escape = (text) =>
  text.replace(/[&<>"']/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[sign]);

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    // HTML is shown, not obeyed.
    html: ({ text }) => escape(text),
    // A picture would tell somebody else's server that it is looked at: a link to it instead.
    image: ({ href, text }) => `<a href="${escape(href)}">${escape(text || href)}</a>`,
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
  },
});

const ALLOWED = {
  ALLOWED_TAGS: [
    "a", "b", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol", "p",
    "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
  ],
  ALLOWED_ATTR: ["href", "title", "class", "start", "align"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
  RETURN_DOM_FRAGMENT: true,
};

/** Show *text* in *element*; of a text that grows, only the blocks that changed are made anew. */
export function render(element, text) {
  const blocks = marked.lexer(text);
  const shown = element.blocks ?? [];
  // A definition of a link changes blocks far away from it.
  const links = JSON.stringify(blocks.links);
  let same = 0;
  if (element.links === links) {
    while (same < blocks.length && same < shown.length && shown[same].raw === blocks[same].raw) same++;
  }
  for (const { nodes } of shown.slice(same)) nodes.forEach((node) => node.remove());
  element.blocks = shown.slice(0, same);
  element.links = links;
  for (const block of blocks.slice(same)) {
    const one = Object.assign([block], { links: blocks.links });
    const fragment = DOMPurify.sanitize(marked.parser(one), ALLOWED);
    dress(fragment);
    const nodes = [...fragment.childNodes];
    element.append(fragment);
    element.blocks.push({ raw: block.raw, nodes });
  }
}

/** What the harmless elements still need: links that open elsewhere, code that can be copied, tables that scroll. */
function dress(fragment) {
  for (const element of fragment.querySelectorAll("[class]")) {
    if (!/^language-[\w+#.-]+$/.test(element.className)) element.removeAttribute("class");
  }
  for (const link of fragment.querySelectorAll("a")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
  }
  for (const table of fragment.querySelectorAll("table")) {
    const frame = document.createElement("div");
    frame.className = "table";
    frame.tabIndex = 0;
    table.replaceWith(frame);
    frame.append(table);
  }
  for (const pre of fragment.querySelectorAll("pre")) frameCode(pre);
}

function frameCode(pre) {
  const frame = document.createElement("div");
  frame.className = "code";
  const head = document.createElement("div");
  head.className = "head";
  const name = document.createElement("span");
  name.textContent = pre.querySelector("code")?.className.replace("language-", "") ?? "";
  const copy = document.createElement("button");
  copy.type = "button";
  copy.className = "quiet copy";
  copy.dataset.say = "copy";
  copy.textContent = say("copy");
  copy.dataset.label = "copyCode";
  copy.setAttribute("aria-label", say("copyCode"));
  head.append(name, copy);
  pre.tabIndex = 0;
  pre.replaceWith(frame);
  frame.append(head, pre);
}

/** *text* without its markup, to be spoken. */
export function plain(text) {
  const element = document.createElement("div");
  element.append(DOMPurify.sanitize(marked.parse(text), ALLOWED));
  return element.textContent.replace(/\s+/g, " ").trim();
}
