// Live updates: replaces the parts of the page that change, and sends commands without leaving the page.
// Without this script the page works too, with a reload for each change.
"use strict";
(() => {
  const body = document.body;
  const byId = (id) => document.getElementById(id);
  const told = byId("told");
  const tell = (sentence) => { if (told && sentence) told.textContent = sentence; };
  const lost = byId("lost");
  let source;

  // Replacing a part keeps the focus and the state of its <details>. A new step gets the focus, unless the operator is
  // busy elsewhere.
  const swap = (id, html) => {
    const part = byId(id);
    if (!part) return;
    const focus = part.contains(document.activeElement) ? document.activeElement.id || "-" : "";
    const mine = new Map([...part.querySelectorAll("details[data-mine]")].map((one) => [one.id, one.open]));
    const step = part.querySelector("[data-step]")?.dataset.step;
    part.innerHTML = html;
    for (const [key, open] of mine) {
      const one = byId(key);
      if (one) { one.open = open; one.dataset.mine = ""; }
    }
    const is_new = step !== undefined && part.querySelector("[data-step]")?.dataset.step !== step;
    if (is_new && (focus || document.activeElement === body) && !document.querySelector("dialog[open]")) {
      const title = byId("due-title");
      title.focus({ preventScroll: true });
      title.scrollIntoView({ block: "nearest" });
    } else if (focus) {
      byId(focus)?.focus({ preventScroll: true });
    }
    tick();
  };
  document.addEventListener("click", (event) => {
    const summary = event.target.closest("summary");
    if (summary) summary.parentElement.dataset.mine = "";
  });

  // The clock of the step due.
  let offset = Number(body.dataset.now || 0) - performance.now();
  const long = (ms) => {
    const s = Math.floor(ms / 1000), m = Math.floor(s / 60);
    return m ? `${m} min ${s % 60} s` : `${s} s`;
  };
  const tick = () => {
    for (const clock of document.querySelectorAll(".clock")) {
      const wait = Number(clock.dataset.wait);
      const waited = Math.max(0, performance.now() + offset - Number(clock.dataset.since));
      const bar = clock.querySelector("progress");
      if (bar) bar.value = Math.min(waited, wait);
      const text = clock.querySelector("[data-waited]");
      if (text) text.textContent = `${long(waited)} of`;
    }
    for (const one of document.querySelectorAll("[data-elapsed]")) {
      one.textContent = ` (${long(Math.max(0, performance.now() + offset - Number(one.dataset.elapsed)))})`;
    }
  };
  tick();
  setInterval(tick, 1000);

  // Commands.
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-order]")) return;
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const answer = await fetch(form.action, {
        method: "POST", headers: { Accept: "text/plain" }, body: new URLSearchParams(new FormData(form)),
      });
      say(await answer.text(), !answer.ok);
      // The end that the operator asked for is not a lost connection.
      if (answer.ok && form.action.endsWith("/close")) source?.close();
      const question = form.closest("details.ask");
      if (question && answer.ok) {
        question.open = false;
        question.querySelector("summary").focus();
      }
    } catch {
      say("poscert does not respond; check the terminal where it was started", true);
    }
    button.disabled = false;
  });
  let fading;
  const say = (sentence, wrong) => {
    if (!lost) return;
    lost.hidden = false;
    lost.className = wrong ? "notice wrong" : "notice";
    lost.textContent = sentence.charAt(0).toUpperCase() + sentence.slice(1);
    clearTimeout(fading);
    if (!wrong) fading = setTimeout(() => { lost.hidden = true; }, 6000);
  };

  // Fields are checked as the user types.
  const checks = new WeakMap();
  document.addEventListener("input", (event) => {
    const input = event.target;
    if (!input.matches("[data-check]")) return;
    const mine = (checks.get(input) || 0) + 1;
    checks.set(input, mine);
    setTimeout(async () => {
      if (mine !== checks.get(input)) return;
      const answer = await fetch("/check", { method: "POST", body: new URLSearchParams([[input.name, input.value]]) });
      if (mine !== checks.get(input) || !answer.ok) return;
      const sentence = await answer.text();
      byId(`${input.id}-fault`).textContent = sentence.replaceAll("`", "");
      input.setAttribute("aria-invalid", sentence ? "true" : "false");
    }, 300);
  });

  // Sample values, for fields that are empty or invalid.
  const examples = byId("examples");
  if (examples) examples.hidden = false;
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-fill]")) return;
    const kept = [];
    for (const input of document.querySelectorAll("[data-example]")) {
      if (input.value.trim() && input.getAttribute("aria-invalid") !== "true") {
        if (input.value !== input.dataset.example) kept.push(input.labels[0].textContent);
        continue;
      }
      input.value = input.dataset.example;
      checks.set(input, (checks.get(input) || 0) + 1);
      byId(`${input.id}-fault`).textContent = "";
      input.setAttribute("aria-invalid", "false");
    }
    const alert = document.querySelector(".narrow .notice");
    if (alert && !document.querySelector("[aria-invalid=true]")) alert.hidden = true;
    say(`Sample values filled in${kept.length ? `; kept: ${kept.join(", ")}` : ""}.`);
  });

  // Command lines and values to copy.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const line = byId(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(line.textContent);
      button.textContent = "Copied";
      tell("Copied");
    } catch {
      getSelection().selectAllChildren(line);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });

  // An exchange opens in a dialog.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-exchange]");
    const dialog = byId("exchange");
    if (!link || !dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const answer = await fetch(`${link.getAttribute("href")}?part=1`);
    const text = await answer.text();
    const page = new DOMParser().parseFromString(text, "text/html");
    byId("exchange-body").replaceChildren(...(page.querySelector("main") || page.body).childNodes);
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  });
  document.addEventListener("click", (event) => {
    if (event.target instanceof HTMLDialogElement) event.target.close();
  });

  // Search and filter of the traffic.
  const rows = byId("traffic");
  const [search, filter, tools] = ["traffic-search", "traffic-filter", "traffic-tools"].map(byId);
  const matches = (row) => {
    const words = search.value.trim().toLowerCase();
    return (!filter.value || row.dataset.kind === filter.value) && row.textContent.toLowerCase().includes(words);
  };
  const sift = () => {
    if (!tools) return;
    let shown = 0;
    for (const row of rows.children) {
      row.hidden = !matches(row);
      shown += row.hidden ? 0 : 1;
    }
    byId("no-match").hidden = shown > 0 || rows.children.length === 0;
  };
  if (tools) {
    tools.hidden = false;
    search.addEventListener("input", sift);
    filter.addEventListener("input", sift);
  }

  // Toasts: for the eye; screen readers hear the same as a status.
  const toast = ({ look, text }) => {
    const one = document.createElement("p");
    one.className = `toast ${look}`;
    one.textContent = text;
    byId("toasts").append(one);
    setTimeout(() => one.remove(), 6000);
  };

  // Server-sent events.
  if (!["identification", "selection", "certification", "approval"].includes(body.dataset.phase)) return;
  source = new EventSource(`/events?after=${body.dataset.seen || 0}`);
  const on = (name, take) => source.addEventListener(name, (event) => take(JSON.parse(event.data)));
  on("clock", (now) => { offset = now - performance.now(); tick(); });
  // A submitted form loads its own page. Reloading the response to a form would submit the form again.
  let leaving = false;
  document.addEventListener("submit", (event) => { leaving ||= !event.target.matches("form[data-order]"); });
  on("phase", (phase) => { if (phase !== body.dataset.phase && !leaving) location.replace("/"); });
  on("part", ({ id, html }) => swap(id, html));
  on("say", tell);
  on("toast", toast);
  on("row", (html) => {
    if (!rows) return;
    byId("no-traffic").hidden = true;
    rows.insertAdjacentHTML("afterbegin", html);
    while (rows.children.length > 100) rows.lastElementChild.remove();
    sift();
    // The till is connected.
    const connect = byId("connect");
    if (connect && connect.dataset.mine === undefined) connect.open = false;
  });
  let away;
  source.onopen = () => { clearTimeout(away); if (lost) lost.hidden = true; };
  source.onerror = () => {
    clearTimeout(away);
    away = setTimeout(() => say("poscert does not respond. If it was restarted, open the new address in its terminal.", true), 1500);
  };
  addEventListener("pagehide", () => source.close());
})();
