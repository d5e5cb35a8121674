// Returning to the page after a restart: the old address says that it has expired, the new one what was resumed.
//   node returning.mjs OLD-URL NEW-URL
import { open, inspect, must } from "./browser.mjs";

const [before, now] = process.argv.slice(2);
const { page, troubles, close } = await open();
try {
  await page.goto(before);
  const text = await page.locator("main").innerText();
  must(text.includes("This link has expired") && text.includes("terminal"), `the old address says: ${text}`);
  const font = await page.evaluate(() => getComputedStyle(document.body).fontFamily);
  must(!font.includes("Times"), `the page for an expired link has no style: ${font}`);
  must(await page.locator("a").count() === 0, "it links to itself");
  await inspect(page, "return-expired");

  await page.goto(now);
  const banner = await page.locator(".resumed").innerText();
  for (const words of ["Capture resumed.", "1 of 3 required cases", "Onboard it again"]) {
    must(banner.includes(words), `the banner does not say ${words}: ${banner}`);
  }
  must((await page.locator("#due-title").innerText()).includes("Onboard"), "the step due is not the onboarding");
  must(await page.locator(".case.passed").count() > 0, "a passed case is no longer passed");
  await inspect(page, "return-resumed");
  const real = troubles.filter((one) => !one.includes("status of 403"));
  must(real.length === 0, `the browser complained: ${real.join("\n")}`);
  console.log("returned");
} catch (error) {
  console.error(error.message);
  console.error((await page.locator("main").innerText().catch(() => "")).slice(0, 2000));
  process.exitCode = 1;
} finally {
  await close();
}
