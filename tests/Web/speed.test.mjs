// The first feed on a slow phone: the processor four times slower, nothing cached.

import assert from "node:assert/strict";
import { photo, post, screenshot, signUp, test, until, visitor, web } from "./browser.mjs";

const goalMs = 2_000;
// Of three loads in a row the middle one counts. The machine has other tests to do: one such round of several proves that the app needs no more.
const loads = 3;
const rounds = 4;

test("the first feed is there within 2 s on a processor four times slower, and nothing jumps", async (t) => {
  const page = await visitor(t);
  await signUp(page, "xenia", "Xenia Roth");
  for (let i = 0; i < 4; i++) await post(page, `A slow phone’s photo ${i}`, [await photo(page, i)]);
  await until(
    async () => {
      await page.goto(web);
      await page.locator(".post, .empty").first().waitFor();
      return page.locator(".post").count();
    },
    (count) => count === 4, "one's own posts are in one's feed",
  );

  await page.addInitScript(() => {
    globalThis.seen = { shift: 0 };
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) globalThis.seen.shift += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    new MutationObserver(() => {
      const { seen } = globalThis;
      if (document.querySelector(".post")) seen.feed ??= performance.now();
      if (document.querySelector(".photo.there")) seen.photo ??= performance.now();
    }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
  });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  const times = [];
  const middle = (part) => times.slice(-loads).map((seen) => seen[part]).sort((one, other) => one - other)[(loads - 1) / 2];
  const reached = () => middle("feed") < goalMs && middle("photo") < goalMs;
  for (let round = 0; round < rounds && !(round > 0 && reached()); round++) {
    for (let load = 0; load < loads; load++) {
      await page.goto(web);
      await page.locator(".photo.there").first().waitFor();
      times.push(await page.evaluate(() => globalThis.seen));
    }
  }
  t.diagnostic(`milliseconds after the navigation began: ${JSON.stringify(times)}`);
  await screenshot(page, "speed-first-feed");
  assert.ok(reached(), JSON.stringify(times));
  assert.ok(times.at(-1).shift < 0.02, `layout shift of ${times.at(-1).shift}`);
});
