// Brings the page up to date, and leaves alone what somebody types in it.
"use strict";

const PAUSE = 1000;

async function refresh() {
  try {
    const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) {
      location.assign(location.href); // logged out, or no such channel any more
      return;
    }
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // the gateway is away: it may be back the next time
  }
  setTimeout(refresh, PAUSE);
}

function show(page) {
  const [now, fresh] = [document, page].map((place) => place.querySelector("main"));
  if (fresh.dataset.version === now.dataset.version) {
    const [left, new_left] = [now, fresh].map((place) => place.querySelector("#left"));
    if (left && new_left) left.textContent = new_left.textContent;
    return;
  }
  document.title = page.title;
  now.replaceWith(document.importNode(fresh, true));
  document.querySelector("main input")?.focus();
}

setTimeout(refresh, PAUSE);
