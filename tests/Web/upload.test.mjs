// An upload over a slow network: how far it has come is shown.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open, photo, signUp, uploaded, visitor } from "./browser.mjs";

test("how far an upload has come is shown while it goes on", async (t) => {
  const page = await visitor(t);
  await signUp(page, "mona");
  await open(page, "/new");
  const file = await photo(page);
  await page.evaluate(() => {
    globalThis.shown = [];
    new MutationObserver(() => {
      const bar = document.querySelector(".draft progress");
      if (bar && bar.value !== globalThis.shown.at(-1)) globalThis.shown.push(bar.value);
    }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  // The photo takes about two seconds.
  await devtools.send("Network.emulateNetworkConditions", {
    offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: Math.ceil(file.buffer.length / 2),
  });
  await page.locator("input[type=file]").setInputFiles(file);
  await uploaded(page);
  const shown = await page.evaluate(() => globalThis.shown);
  t.diagnostic(`percent: ${shown}`);
  assert.deepEqual(shown, [...shown].sort((one, other) => one - other));
  assert.ok(shown.some((percent) => percent > 0 && percent < 100), `only ${shown} was shown`);
});
