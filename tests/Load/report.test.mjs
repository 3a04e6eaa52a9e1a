// The report of a load run (INSTA_REPORT, a file) in a browser without a network: every chart is drawn, and a phone need not be turned or scrolled sideways.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const report = pathToFileURL(process.env.INSTA_REPORT ?? assert.fail("INSTA_REPORT is not set: a report.html")).href;
const screenshots = process.env.INSTA_SCREENSHOTS ?? "screenshots";
mkdirSync(screenshots, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.INSTA_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
after(() => browser.close());

const screens = {
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true },
  desktop: { viewport: { width: 1280, height: 860 } },
};

for (const [name, screen] of Object.entries(screens)) {
  test(`on a ${name} every chart is drawn, without a network`, async (t) => {
    const context = await browser.newContext({ ...screen, offline: true, colorScheme: name === "phone" ? "light" : "dark" });
    t.after(() => context.close());
    const page = await context.newPage();
    const [errors, asked] = [[], []];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(report);
    assert.deepEqual(errors, []);
    assert.deepEqual(asked, [report], "the page asks for nothing but itself");

    for (const [id, lines] of Object.entries({ rate: 2, latency: 3, hits: 1, lag: 2, queries: 1 })) {
      const drawn = await page.locator(`#${id} path.line`).evaluateAll((paths) => paths.map((path) => {
        const box = path.getBoundingClientRect();
        return { length: path.getTotalLength(), wide: box.width, colour: getComputedStyle(path).stroke };
      }));
      assert.equal(drawn.length, lines, id);
      for (const line of drawn) {
        assert.ok(line.length > 100 && line.wide > 100, `${id}: ${JSON.stringify(line)}`);
        assert.match(line.colour, /^rgb\(/);
      }
    }
    const bars = await page.locator("#histogram rect.bar").evaluateAll((rects) => rects.map((rect) => rect.getBoundingClientRect().height));
    assert.ok(bars.length > 3 && bars.every((height) => height > 0), `bars ${bars}`);

    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "nothing sticks out to the side");
    assert.ok(await page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize)) >= 16);
    await page.screenshot({ path: join(screenshots, `load-report-${name}.png`), fullPage: true });
  });
}
