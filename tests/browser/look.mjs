// Looks at a report as people do: at 360 and 1280 px, light and dark, and on paper. Prints what is wrong with it, a line
// each, and exits 1 if anything is. With SHOTS, leaves pictures and a PDF in that folder.
//   node look.mjs report.html
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { launch } from "./launch.mjs";

const shots = process.env.SHOTS;
if (shots) mkdirSync(shots, { recursive: true });
const browser = await launch(["--no-proxy-server"]);
const wrong = [];
for (const file of process.argv.slice(2)) {
  const address = pathToFileURL(resolve(file)).href;
  for (const width of [360, 1280]) {
    for (const colorScheme of ["light", "dark"]) {
      const name = `${width} px, ${colorScheme}`;
      const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
      const page = await context.newPage();
      page.on("console", (message) => wrong.push(`${name}: console: ${message.text()}`));
      page.on("pageerror", (error) => wrong.push(`${name}: script: ${error.message}`));
      page.on("dialog", (dialog) => { wrong.push(`${name}: a dialog: ${dialog.message()}`); dialog.dismiss(); });
      page.on("request", (request) => { if (request.url() !== address) wrong.push(`${name}: loads ${request.url()}`); });
      await page.goto(address);
      await page.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
      const seen = await page.evaluate(look);
      if (seen.wide > width) wrong.push(`${name}: ${seen.wide} px wide, for ${seen.widest}`);
      if (seen.active.length > 0) wrong.push(`${name}: something runs in it: ${seen.active}`);
      for (const [text, ratio] of seen.faint) wrong.push(`${name}: contrast ${ratio.toFixed(1)} of ${text}`);
      if (shots) await page.screenshot({ path: join(shots, `${width}-${colorScheme}.png`), fullPage: true });
      if (shots && width === 1280 && colorScheme === "light") await page.pdf({ path: join(shots, "print.pdf"), format: "A4" });
      await context.close();
    }
  }
}
await browser.close();
for (const line of new Set(wrong)) console.log(line);
process.exit(wrong.length === 0 ? 0 : 1);

/** In the page: how wide it is and why, what could run in it, and text that is hard to read (WCAG 2.1, 1.4.3). */
function look() {
  const wide = document.documentElement.scrollWidth;
  const over = [...document.body.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1);
  const widest = over.filter((one) => !over.some((inner) => inner !== one && one.contains(inner))).slice(0, 3)
    .map((one) => `<${one.tagName.toLowerCase()} class="${one.getAttribute("class") ?? ""}"> ${one.textContent.slice(0, 40)}`);
  const active = [...document.querySelectorAll("script, iframe, object, embed, form, link, base, meta[http-equiv=refresh]")]
    .map((one) => one.outerHTML.slice(0, 80));
  for (const one of document.querySelectorAll("*")) {
    for (const { name } of one.attributes) if (name.startsWith("on")) active.push(`${one.tagName} ${name}`);
  }
  const parse = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const light = (color) => {
    const [r, g, b] = color.map((part) => { const c = part / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
  };
  const faint = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !one.checkVisibility() || one.closest("svg")) continue;
    const [a, b] = [light(parse(getComputedStyle(one).color)), light(ground(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.set(`${one.tagName} "${text.slice(0, 30)}"`, ratio);
  }
  return { wide, widest: widest.join(" | "), active, faint: [...faint].slice(0, 5) };
}
