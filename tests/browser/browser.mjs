// A headless Chromium with a fresh profile that notes whatever goes wrong on a page, and the checks that every screen
// has to pass.
import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { launch } from "./launch.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const pictures = process.env.POSCERT_SCREENSHOTS;
export const WIDTHS = [1280, 360];

export async function open() {
  const browser = await launch(["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]);
  const context = await browser.newContext({ viewport: { width: WIDTHS[0], height: 900 }, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(120000);
  const troubles = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) troubles.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => troubles.push(`script: ${error.message}`));
  page.on("dialog", (dialog) => { troubles.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  const close = () => browser.close();
  return { page, context, troubles, close };
}

// No breach of accessibility, no sideways scrolling.
export async function inspect(page, name) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: width > 600 ? 900 : 780 });
    const overflow = await page.evaluate(() => {
      const room = document.documentElement.clientWidth;
      const out = [...document.body.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > room + 1 && !one.closest(".unseen, .skip"));
      return { scroll: document.documentElement.scrollWidth - room, out: out.slice(0, 5).map((one) => one.outerHTML.slice(0, 160)) };
    });
    if (overflow.scroll > 0) throw new Error(`${name} at ${width} px scrolls sideways by ${overflow.scroll}: ${overflow.out.join(" | ")}`);
    // Each width and each scheme once; all of them where pictures are wanted.
    for (const colorScheme of pictures ? ["light", "dark"] : [width === WIDTHS[0] ? "light" : "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      if (violations.length > 0) {
        const told = violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => `${node.html} (${node.failureSummary})`).slice(0, 4).join(" | ")}`);
        throw new Error(`${name} at ${width} px, ${colorScheme}: ${told.join("\n")}`);
      }
      if (pictures) {
        mkdirSync(pictures, { recursive: true });
        await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      }
    }
  }
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.setViewportSize({ width: WIDTHS[0], height: 900 });
}

export function must(condition, sentence) {
  if (!condition) throw new Error(sentence);
}

// Waits until something holds, for as long as a slow machine may need.
export async function until(what, ask, seconds = 120) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what}: did not come in ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}
