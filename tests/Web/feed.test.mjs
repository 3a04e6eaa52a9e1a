// A feed longer than a page goes on by itself, and by its button.

import assert from "node:assert/strict";
import { photo, post, signUp, test, until, visitor, web } from "./browser.mjs";

const posts = 12;

test("a long feed goes on by itself and by its button, with each post once, and its photos come late", async (t) => {
  const page = await visitor(t);
  await signUp(page, "yara");
  const small = await photo(page, 2, [640, 640]);
  for (let i = 0; i < posts; i++) await post(page, `Number ${i}`, [small]);
  await until(
    async () => {
      await page.goto(web);
      await page.locator(".post, .empty").first().waitFor();
      return page.locator(".post").first().innerText();
    },
    (newest) => newest.includes(`Number ${posts - 1}`), "the newest post is in one's own feed",
  );
  assert.equal(await page.locator(".post").count(), 10);
  const last = page.getByAltText("Number 2", { exact: false });
  assert.equal(await last.getAttribute("loading"), "lazy");
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await page.getByText("You have seen it all.").waitFor();
  await each(page);

  // Without anything that looks where the page is scrolled to, the button does it.
  await page.addInitScript(() => {
    globalThis.IntersectionObserver = class {
      observe() {}
      disconnect() {}
    };
  });
  await page.reload();
  const more = page.getByRole("button", { name: "More posts" });
  await more.focus();
  await page.keyboard.press("Enter");
  await page.getByText("You have seen it all.").waitFor();
  await each(page);
});

async function each(page) {
  const captions = await page.locator(".caption").allInnerTexts();
  assert.deepEqual(
    captions.map((caption) => Number(caption.match(/Number (\d+)/)[1])),
    Array.from({ length: posts }, (_, index) => posts - 1 - index),
  );
}
