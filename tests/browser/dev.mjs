import { open, inspect, until } from "./browser.mjs";
import { spawn } from "node:child_process";
const url = process.argv[2]; const origin = new URL(url).origin;
const { page, troubles, close } = await open();
const post = (path, form) => page.request.post(origin + path, { headers: { origin }, form, maxRedirects: 0 });
const state = async () => (await page.request.get(`${origin}/state`)).json();
const tryit = async (name) => { try { await inspect(page, name); } catch (e) { console.log("!!", e.message); } };
try {
  await page.goto(url);
  await post("/identification", { "integrator-id": "ACME", "client-id": "c0ffee00-0000-4000-8000-000000000001", "client-version": "2.1.0", "system-name": "Acme till" });
  await page.goto(origin);
  await page.locator("#about-payment ~ details summary").click();
  await tryit("d-2-selection");
  await post("/selection", { features: "payment" });
  await page.goto(origin);
  await page.locator("#due-title").waitFor();
  await tryit("d-3-begun");
  const done = new Set(); let n = 0; let child;
  for (;;) {
    const now = await until("next", async () => { const s = await state(); if (s.phase === "approval") return s; const a = s.act && `${s.act.case} ${s.act.step} ${s.act.act}`; return a && !done.has(a) ? s : null; }, 60).catch(() => null);
    if (!now || now.phase === "approval") break;
    done.add(`${now.act.case} ${now.act.step} ${now.act.act}`);
    await page.waitForTimeout(400);
    const line = await page.locator("#till-line").innerText();
    console.log(line); child = spawn("sh", ["-c", line], { stdio: "ignore", detached: true });
    n += 1;
    if (n === 5) { await page.waitForTimeout(1500); await tryit("d-3-payment"); await page.locator("#traffic a").nth(1).click(); await page.locator("#exchange h1").waitFor(); await tryit("d-3-dialog"); await page.screenshot({ path: process.env.POSCERT_SCREENSHOTS + "/d-3-dialog-view.png" }); await page.keyboard.press("Escape"); break; }
  }
  await page.request.fetch(origin + "/state");
  console.log(JSON.stringify((await state()).said.slice(-8)));
  console.log(troubles.join("\n"));
} catch (e) { console.log(e.message); } finally { await close(); }
