// Drives the till of till.html by lines of JSON (contract, "Driving a till"), and writes what the browser can say of its
// traffic as HAR files into the folder HARS: Playwright's in several modes, and the export of the DevTools themselves.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch } from "./launch.mjs";

const env = process.env;
const folder = env.HARS;
mkdirSync(folder, { recursive: true });
const html = readFileSync(new URL("till.html", import.meta.url));

const server = createServer((request, answer) => {
  if (request.url.startsWith("/count.gif")) return answer.writeHead(302, { location: "/end.gif" }).end();
  const type = request.url === "/" ? "text/html" : "image/gif";
  return answer.writeHead(request.url === "/" ? 200 : 404, { "content-type": type }).end(request.url === "/" ? html : "");
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const port = server.address().port;

const tools = 20_000 + (process.pid % 20_000);
// The backend knows no browsers, so it sends no CORS headers: without web security they are not asked for.
const browser = await launch(["--disable-web-security", "--no-proxy-server", `--remote-debugging-port=${tools}`, "--remote-allow-origins=*"]);
const har = (name) => join(folder, `${name}.har`);
const context = await browser.newContext({ ignoreHTTPSErrors: true, recordHar: { path: har("full"), mode: "full", content: "embed" } });
for (const [name, updateContent, updateMode] of [["minimal", "embed", "minimal"], ["attached", "attach", "full"]]) {
  await context.routeFromHAR(har(name), { update: true, updateContent, updateMode });
}
const page = await context.newPage();
page.on("pageerror", (error) => console.error(`page: ${error.message}`));

/** The DevTools' own front end, open on the page: its network log and its HAR writer. */
const { targetInfo } = await (await context.newCDPSession(page)).send("Target.getTargetInfo");
const inspector = await (await browser.newContext()).newPage();
const origin = `http://127.0.0.1:${tools}/devtools`;
await inspector.goto(`${origin}/inspector.html?ws=127.0.0.1:${tools}/devtools/page/${targetInfo.targetId}&panel=network`);
await inspector.waitForTimeout(2000);

// On a busy machine a page takes longer than Playwright's half minute.
await page.goto(`http://127.0.0.1:${port}/`, { timeout: 180_000 });
const base = env.POSCERT_BASE_URL;
await page.evaluate((given) => window.start(given), {
  base,
  tokenUrl: base.replace("/pos/v10", "/integrator-authentication/connect/token"),
  secret: "sandbox-secret-one",
  elsewhere: `http://localhost:${port}`,
});

const queue = [];
let wake = () => {};
for await (const line of merged()) {
  if (line.act === "end") break;
  await page.evaluate((act) => (act ? window.act(act) : window.job()), line.act === "job" ? null : line);
}

async function* merged() {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (text) => {
    const act = JSON.parse(text);
    if (act.act === "abort") page.evaluate(() => window.abort());
    else queue.push(act);
    wake();
  });
  lines.on("close", () => { queue.push({ act: "end" }); wake(); });
  for (;;) {
    if (queue.length === 0) {
      await Promise.race([new Promise((woken) => { wake = woken; }), new Promise((done) => setTimeout(done, 100))]);
    }
    yield queue.shift() ?? { act: "job" };
  }
}

const exported = await inspector.evaluate(async (origin) => {
  const logs = await import(`${origin}/models/logs/logs.js`);
  const { Writer } = await import(`${origin}/models/har/har.js`);
  const requests = logs.NetworkLog.NetworkLog.instance().requests();
  const parts = [];
  const stream = { write: async (text) => parts.push(text), close: async () => {}, fileName: () => "" };
  const progress = { setTitle() {}, setTotalWork() {}, setWorked() {}, incrementWorked() {}, get canceled() { return false; }, isCanceled: () => false, createSubProgress: () => progress, done() {} };
  await Writer.Writer.write(stream, requests, { sanitize: false }, progress);
  return parts.join("");
}, origin);
writeFileSync(har("devtools"), exported);
await context.close();
await browser.close();
server.close();
