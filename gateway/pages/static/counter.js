// The counter page: verify again when something is new, and turn grey whenever the truth is not known.
// Without this file the page still works; the style sheet makes a result old after a minute.
"use strict";
(() => {
  const AGAIN_MS = 20000; // verified again so often, whatever is heard
  const OLD_MS = 45000; // older than this it is shown no longer
  const SILENT_MS = 6000; // the node says every 2 s that it is there
  const ANSWER_MS = 5000;
  const root = document.documentElement;
  const box = document.getElementById("q");
  if (box) { box.focus(); box.select(); }

  let answer = document.getElementById("answer");
  if (!answer) return;
  let verified = Date.now(), heard = Date.now(), lost = false, listening = false, busy = false, due = false;
  let stream = null, opened = 0;
  const states = new Map();

  const grey = (why) => { root.dataset.stale = why; };

  function settle() {
    if (lost) grey("lost");
    else if (document.hidden || Date.now() - verified > OLD_MS) grey("old");
    else delete root.dataset.stale;
  }

  // Only a new answer makes it good again.
  function doubt() { lost = true; listening = false; settle(); again(); }

  async function again() {
    if (busy) { due = true; return; }
    busy = true;
    const asked = Date.now(), patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), ANSWER_MS);
    try {
      const reply = await fetch(location.href, { cache: "no-store", redirect: "error", signal: patience.signal });
      if (!reply.ok) throw new Error(reply.status);
      const next = new DOMParser().parseFromString(await reply.text(), "text/html").getElementById("answer");
      if (!next) { location.reload(); return; } // several match now, or the visit has ended: the page says it itself
      show(document.importNode(next, true));
      verified = asked;
      lost = false;
    } catch {
      lost = true;
    } finally {
      clearTimeout(timer);
      busy = false;
      settle();
      if (due) { due = false; again(); }
    }
  }

  function show(next) {
    for (const open of answer.querySelectorAll("details[open]")) {
      const same = next.querySelector(`details[data-key="${open.dataset.key}"]`);
      if (same) same.open = true;
    }
    const before = answer.dataset.headline, after = next.dataset.headline;
    answer.replaceWith(next);
    answer = next;
    prepare();
    if (before !== after) {
      const told = document.getElementById("changed");
      told.textContent = `${told.dataset.words}：${before} → ${after}`;
      told.hidden = false;
      document.title = document.title.replace(before, after);
    }
  }

  function prepare() {
    const print = document.getElementById("print"), save = document.getElementById("save");
    print.hidden = save.hidden = false;
    print.addEventListener("click", () => window.print());
    save.addEventListener("click", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([document.getElementById("slip").textContent], { type: "text/plain" }));
      link.download = save.dataset.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }

  function listen() {
    if (stream) stream.close();
    opened = Date.now();
    stream = new EventSource(answer.dataset.events);
    const hear = (act) => (event) => { heard = Date.now(); listening = true; act(event); };
    stream.addEventListener("beat", hear(() => { if (lost) again(); }));
    for (const kind of ["record", "quarantined", "trust"]) stream.addEventListener(kind, hear(again));
    stream.addEventListener("log", hear((event) => {
      const log = JSON.parse(event.data), state = JSON.stringify([log.frozen, log.quarantined, log.lacking]);
      if (states.get(log.log) !== state) { states.set(log.log, state); again(); }
    }));
    stream.addEventListener("error", doubt);
  }

  // A page that is not seen listens to nothing (a browser has six connections for all its pages) and is grey, so that
  // nothing old is seen first when it is looked at again, or brought back by the browser hours later.
  function rest() {
    if (stream) stream.close();
    listening = false;
    grey("old");
  }

  function wake() {
    verified = 0;
    settle();
    listen();
    again();
  }

  setInterval(() => {
    if (document.hidden) return;
    const now = Date.now();
    settle();
    if (listening && now - heard > SILENT_MS) doubt();
    else if (now - verified > AGAIN_MS || (!listening && now - verified > 3000)) again();
    if (!listening && now - opened > 10000) listen();
  }, 1000);

  addEventListener("pagehide", rest);
  addEventListener("pageshow", (event) => { if (event.persisted) wake(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) rest(); else wake(); });
  prepare();
  listen();
})();
