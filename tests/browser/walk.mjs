// A whole certification through the page, as a newcomer goes through it: reads what is due, copies the line for the
// reference client into a shell, and goes on. `pass`: to a passed verdict; `all`: likewise, in all six features; `fail`: with
// a till that does not retry.
import { spawn } from "node:child_process";
import https from "node:https";
import { readFileSync } from "node:fs";
import { open, inspect, must, until } from "./browser.mjs";

const [url, way] = process.argv.slice(2);
const origin = new URL(url).origin;
const HOSTILE = "<img src=x onerror=alert(1)>";

const signals = [];
process.on("exit", () => signals.forEach((signal) => signal("SIGKILL")));

// Runs a line of the page in a terminal of its own, as a person would; what is written there is not read.
function shell(line) {
  const child = spawn("sh", ["-c", line], { stdio: "ignore", detached: true });
  const signal = (name) => { try { process.kill(-child.pid, name); } catch { /* it has ended */ } };
  signals.push(signal);
  const terminal = { runs: true, press: () => signal("SIGINT") };
  terminal.ended = new Promise((resolve) => child.on("exit", () => { terminal.runs = false; resolve(); }));
  return terminal;
}

const state = async (page) => (await page.request.get(`${origin}/state`)).json();

async function identification(page) {
  await page.goto(url);
  must(!page.url().includes("token"), "the token stays in the address");
  must(await page.locator("[aria-current=step]").innerText().then((text) => text.includes("Identification")), "step 1 is not current");
  await inspect(page, `${way}-1-identification`);
  await page.keyboard.press("Tab");
  must(await page.evaluate(() => document.activeElement.classList.contains("skip")), "the first stop of the keyboard is not the skip link");
  await page.getByLabel("Client id", { exact: true }).fill("12");
  await until("the sentence on the client id", async () => (await page.locator("#client-id-fault").innerText()).includes("12 is not a GUID"));
  await page.getByLabel("Client version").fill("2.1");
  await until("the sentence on the version", async () => (await page.locator("#client-version-fault").innerText()).includes("is not Major.Minor.Build"));
  await inspect(page, `${way}-1-identification-wrong`);
  // The refused form comes back as another page: what is filled in before that would be gone with this one.
  const next = () => Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "Continue", exact: true }).click()]);
  await next();
  const alert = page.locator("[role=alert]:visible");
  must((await alert.innerText()).includes("Please fix 2 fields"), "an invalid form was accepted");
  must(await page.evaluate(() => document.activeElement.id) === "client-id", "the first invalid field has not the focus");
  must(await alert.getByRole("link", { name: "Client version" }).getAttribute("href") === "#client-version", "no link to the field");
  if (way === "all") {
    await page.getByLabel("Client system name").fill("My till");
    await page.getByRole("button", { name: "Use sample values" }).click();
    must(await page.getByLabel("Integrator id").inputValue() === "ACME", "the sample values are not filled in");
    must(await page.getByLabel("Client version").inputValue() === "2.1.0", "an invalid value is kept");
    must(await page.locator("[aria-invalid=true]").count() === 0, "a mark of an error stays");
    must(await page.getByLabel("Client system name").inputValue() === "My till", "a sample value replaces what was typed");
    must((await page.locator("#lost").innerText()).includes("kept: Client system name"), "it does not say what was kept");
  } else {
    await page.getByLabel("Client id", { exact: true }).fill("");
    await page.getByLabel("Client version").fill("");
    await next();
    must((await alert.innerText()).includes("No certificate can be issued without the integrator id"), "no warning");
    await inspect(page, `${way}-1-identification-incomplete`);
    await page.getByLabel("Integrator id").fill("ACME");
    // As it comes out of a document.
    await page.getByLabel("Client id", { exact: true }).fill(" C0FFEE00-0000-4000-8000-000000000001 ");
    await page.getByLabel("Client version").fill("2.1.0");
    await page.getByLabel("Client system name").fill(way === "fail" ? `Till ${HOSTILE}` : "Acme till");
  }
  await page.getByRole("button", { name: "Continue", exact: true }).click();
}

async function selection(page) {
  await page.getByRole("heading", { name: "Choose features" }).waitFor();
  must(await page.locator("#choose-onboarding").isDisabled(), "onboarding can be left out");
  must((await state(page)).identification["client-id"] === "c0ffee00-0000-4000-8000-000000000001", "blanks stay around the client id");
  must(await page.locator("input:checked").count() === 2, "not just onboarding and payment are preselected");
  for (const other of ["payment", "prepared-payment", "refund", "loyalty", "payment-restrictions"]) await page.locator(`#choose-${other}`).setChecked(way === "all");
  await page.locator("#about-payment ~ details summary").click();
  await inspect(page, `${way}-2-selection`);
  await page.getByRole("button", { name: "Start the certification" }).click();
  await page.locator("#due-title").waitFor({ timeout: 60000 });
}

// Where the parts of the certification are: beside each other in sight on a wide screen, below each other on a narrow one.
async function layout(page) {
  const places = async (width, height) => {
    await page.setViewportSize({ width, height });
    await page.evaluate(() => scrollTo(0, 0));
    return page.evaluate(() => Object.fromEntries(["list", "due", "recent", "standing"].map((name) => {
      const { left, right, top, bottom } = document.querySelector(`.card.${name}`).getBoundingClientRect();
      return [name, { left, right, top, bottom }];
    })));
  };
  const wide = await places(1280, 800);
  must(wide.list.right < wide.due.left && wide.due.right < wide.recent.left, `not beside each other: ${JSON.stringify(wide)}`);
  must(wide.recent.top < 300, `the traffic is out of sight: ${JSON.stringify(wide)}`);
  const narrow = await places(360, 780);
  must(narrow.due.top < narrow.recent.top && narrow.recent.top < narrow.list.top && narrow.list.top < narrow.standing.top, `wrong order: ${JSON.stringify(narrow)}`);
  // The current step and the standing verdict stay in sight.
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  const bar = await page.locator(".bar").boundingBox();
  must(bar.y >= -1 && bar.y < 5, `the bar is not sticky: ${bar.y}`);
  must((await page.locator(".bar").innerText()).includes("If recording ended now"), "no standing verdict");
  await page.setViewportSize({ width: 1280, height: 900 });
}

// Finished steps open read-only; the traffic can be searched and filtered.
async function beside(page) {
  await page.getByRole("link", { name: "Identification" }).click();
  await page.getByRole("heading", { name: "Identification" }).waitFor();
  must(await page.locator("main input").count() === 0, "a finished step can be changed");
  await inspect(page, `${way}-3-identification-read-only`);
  await page.getByRole("link", { name: "Certification", exact: false }).last().click();
  await page.locator("#due-title").waitFor();
  const all = await page.locator("#traffic li:visible").count();
  await page.locator("#traffic-search").fill("createpos");
  const some = await page.locator("#traffic li:visible").count();
  must(some > 0 && some < all, `the search shows ${some} of ${all}`);
  await page.locator("#traffic-search").fill("");
  await page.locator("#traffic-filter").selectOption("fault");
  must(await page.locator("#traffic li:visible").count() === await page.locator("#traffic li.injected").count(), "the filter shows other calls");
  await page.locator("#traffic-filter").selectOption("");
}

// What the page says is to be done now, once it is another step than the last one that was done.
async function due(page, done) {
  return until("the next step", async () => {
    const now = await state(page);
    if (now.over || now.phase === "approval") return { over: true };
    const line = page.locator("#till-line");
    const job = now.due && !now.act && await line.count() > 0;
    const act = now.act ? `${now.act.case} ${now.act.step} ${now.act.act}` : job && `${now.due.case} ${now.due.step} job`;
    if (!act || done.has(act)) return null;
    if (now.act && await page.locator("#due-title").innerText() !== now.act.text || await line.count() === 0) return null;
    const text = await line.innerText();
    return now.act || text.endsWith(" job") ? { act, line: text } : null;
  });
}

async function passing(page) {
  const done = new Set();
  await inspect(page, `${way}-3-certification-begun`);
  await layout(page);
  let terminal;
  for (;;) {
    const next = await due(page, done);
    if (next.over) break;
    done.add(next.act);
    // What tries again later is told to begin once the act before it has given up.
    if (next.act.endsWith(" job")) await terminal.ended;
    const stops = ["abort", "cancel-refund"].some((act) => next.act.endsWith(` ${act}`));
    if (stops && terminal.runs) terminal.press();
    else terminal = shell(next.line);
    if (done.size === 2) {
      await page.locator(".case.passed").first().waitFor();
      await until("a toast for the passed case", () => page.evaluate(() => window.toasted.includes("toast passed")));
      await page.locator("#traffic li").first().waitFor();
      await inspect(page, `${way}-3-certification-under-way`);
      await beside(page);
    }
  }
  if (way === "pass") must(done.size === 4, `the page asked for ${[...done].join(", ")}`);
  const now = await state(page);
  must(now.cases.every((one) => one.status === "passed"), `not all cases were shown: ${JSON.stringify(now.cases)}`);
  await page.getByRole("heading", { name: "All cases are done" }).waitFor();
  await inspect(page, `${way}-3-certification-over`);
  await page.locator("#traffic a").last().click();
  await page.locator("#exchange h1").waitFor();
  must((await page.locator("#exchange").innerText()).includes("Request"), "an exchange does not open");
  must(!(await page.locator("#exchange").innerText()).includes("sandbox-secret-one"), "a secret is shown");
  await inspect(page, `${way}-3-exchange`);
  await page.keyboard.press("Escape");
  // Other pages: without scripts, and the whole list.
  await page.goto(`${origin}/traffic`);
  must(await page.locator("ol.traffic li").count() === Math.min(now.exchanges, 100), "the list does not hold all exchanges");
  await inspect(page, `${way}-3-traffic`);
  await page.goto(`${origin}/`);
  await page.locator("#verdict").click();
  await page.getByRole("heading", { name: "Passed", exact: true }).waitFor({ timeout: 120000 });
}

// A call that no honest till makes.
function hostile(base, ca) {
  const { hostname, port } = new URL(base);
  return new Promise((resolve) => {
    const request = https.request({
      hostname, port, ca: readFileSync(ca), method: "POST", path: "/pos/v10/%3Cimg%20src=x%3E/\"><img/src=x/onerror=alert(2)>",
      headers: { "X-Odd": HOSTILE, "Content-Type": "application/json" },
    }, (answer) => { answer.resume(); answer.on("end", resolve); });
    request.on("error", resolve);
    request.end(JSON.stringify({ [HOSTILE]: `</code></pre><script>alert(3)</script>${HOSTILE}` }));
  });
}

async function failing(page) {
  const next = await due(page, new Set());
  await page.locator("body").focus();
  shell(next.line.replace(/onboard$/, "--broken no-retry onboard"));
  await page.locator("#traffic li").first().waitFor({ timeout: 60000 });
  await until("the till that gives up", async () => (await state(page)).exchanges >= 2);
  await until("the fault that was put on it", async () => (await page.locator(".exchange.injected").count()) > 0);
  // The fault and the retry have their own marks; nothing under way is called failed.
  await until("a retry that is not seen yet", async () => (await page.locator(".faults").innerText()).includes("not seen yet ("));
  must(!(await page.locator("main").innerText()).includes("✗"), "something under way is called failed");
  must((await page.locator(".bar").innerText()).includes("incomplete"), "the standing verdict fails too early");
  await hostile((await state(page)).base_url, await page.locator("#ca-file").textContent());
  await until("the hostile call", async () => (await page.locator("#traffic").innerText()).includes("<img"));
  await page.locator("#traffic a", { hasText: "<img" }).first().click();
  await page.locator("#exchange h1").waitFor();
  must((await page.locator("#exchange").innerText()).includes(HOSTILE), "what was sent is not shown as it is");
  must(await page.locator("img, #main script").count() === 0, "what a client sent became an element");
  await inspect(page, "fail-3-hostile");
  await page.locator("#exchange details.curl > summary").click();
  must((await page.locator("#curl-line").innerText()).startsWith("curl --cacert"), "no curl command");
  await page.keyboard.press("Escape");
  // A broken requirement is named at once, with its exchange, and cannot be corrected by repeating a case.
  await until("the standing verdict", async () => (await state(page)).standing === "failed");
  must(await page.locator("#standing .broken").count() > 0 && await page.locator("#standing .broken a").count() > 0, "no broken requirement with its exchange");
  must(await page.locator("#new-attempt-standing-ask").isVisible(), "no new attempt beside it");
  must(!await page.locator("#skip").isVisible(), "it skips unasked");
  await page.locator("#skip-ask > summary").click();
  must((await page.locator("#skip-ask").innerText()).includes("ends as failed"), "it does not say what skipping means");
  await page.locator("#skip").click();
  const words = "failed at step 1 of 1 (CreatePos (timeout) (500))";
  const reason = /CreatePos \(exchange \d+\): no response, and no retry until it was skipped after \d+ s/;
  await until("the reason", async () => reason.test(await page.locator(".case.failed").first().innerText()));
  must((await page.locator(".case.failed").first().innerText()).includes("Retry the same request"), "no remedy");
  must((await page.locator(".case.failed").first().innerText()).includes("can no longer pass"), "it does not say whether repeating helps");
  must(await page.locator("#new-attempt-onboarding-1-ask").isVisible(), "no new attempt beside the failed case");
  await until("a toast for the failed case", () => page.evaluate(() => window.toasted.includes("toast failed")));
  must(await page.evaluate(() => ["due-title", ""].includes(document.activeElement.id)), "the focus is not at the new step");
  await inspect(page, "fail-3-case-failed");
  await page.locator("#again-onboarding-1").click();
  await until("the case once more", async () => (await state(page)).due?.case === "onboarding/1");
  // What cannot be taken back is asked about first, also by the keyboard.
  must(!await page.locator("#start-over").isVisible() && !await page.locator("#verdict-now").isVisible(), "it acts unasked");
  await page.locator("#start-over-ask > summary").click();
  await inspect(page, "fail-3-asked");
  must(await page.locator("#start-over").isVisible(), "the question does not open");
  await page.locator("#start-over-ask > summary").click();
  await page.locator("#verdict-now-ask > summary").press("Enter");
  await page.locator("#verdict-now").press("Enter");
  await page.getByRole("heading", { name: "Failed", exact: true }).waitFor({ timeout: 120000 });
  const told = await page.locator("main").innerText();
  must(told.includes(words), `the approval does not say ${words}: ${told}`);
  must(await page.locator("#new-attempt").isVisible() && told.includes("New attempt"), "the approval does not say what to do next");
}

// A file of the approval opens beside the page, in its own style.
async function paper(page, context, name, title, styled) {
  const [file] = await Promise.all([context.waitForEvent("page"), page.getByRole("link", { name }).click()]);
  await file.waitForLoadState();
  must((await file.title()).startsWith(title), `${name} does not open: ${await file.title()}`);
  const plain = await file.evaluate((one) => getComputedStyle(document.querySelector(one)).fontFamily.includes("Times"), styled);
  must(!plain, `${name} has lost its style`);
  await file.close();
  await page.bringToFront();
}

const { page, context, troubles, close } = await open();
await context.addInitScript(() => {
  window.toasted = [];
  const note = (node) => { if (node.classList?.contains("toast")) window.toasted.push(node.className); };
  new MutationObserver((all) => all.forEach((one) => one.addedNodes.forEach(note))).observe(document, { childList: true, subtree: true });
  document.addEventListener("securitypolicyviolation", (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));
});
try {
  await identification(page);
  await selection(page);
  await (way === "fail" ? failing(page) : passing(page));
  await inspect(page, `${way}-4-approval`);
  await paper(page, context, "Full report", "Verdict:", "header");
  if (way !== "fail") await paper(page, context, "Printable certificate (HTML)", "Certificate", "body");
  await page.locator("#close").click();
  await until("the end", async () => (await page.locator("#lost").innerText()).includes("can close this page"), 20);
  // A wrong form is answered with 422, which the browser's console notes.
  const real = troubles.filter((one) => !one.includes("status of 422"));
  must(real.length === 0, `the browser complained: ${real.join("\n")}`);
  console.log("walked");
} catch (error) {
  console.error(error.message);
  console.error(`console: ${troubles.join("\n")}`);
  console.error((await page.locator("main").innerText().catch(() => "")).slice(0, 2000));
  process.exitCode = 1;
} finally {
  await close();
}
