// Headless Chromium, as the tests start it.
import { chromium } from "playwright-core";
import { existsSync } from "node:fs";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export async function launch(more = []) {
  const executablePath = process.env.POSCERT_CHROMIUM ?? PLACES.find((place) => existsSync(place));
  if (!executablePath) throw new Error("no Chromium is here; tests/browser-env installs it");
  // As root it has no sandbox of its own; the pages are the tests' own.
  const args = ["--no-sandbox", "--disable-dev-shm-usage", ...more];
  return chromium.launch({ executablePath, headless: true, args });
}
