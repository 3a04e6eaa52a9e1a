// axe-core on every screen in both colour schemes; the keyboard; what a screen reader is told.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { desktop, open, phone, photo, post, screenshot, signUp, test, until, uploaded, visitor, web } from "./browser.mjs";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Faults of any weight in what the law asks for (WCAG A and AA); of the rest, those that axe calls serious or critical. */
async function check(page, name) {
  await page.addScriptTag({ path: axe });
  const faults = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return violations
      .filter(({ impact, tags }) => impact === "serious" || impact === "critical" || tags.includes("wcag2a") || tags.includes("wcag2aa"))
      .map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ""}`).slice(0, 3).join(" | ")}`);
  });
  assert.deepEqual(faults, [], name);
}

// Between them each screen in both layouts and both schemes; every combination in the full tier.
const full = process.env.INSTA_TEST_ALL === "1";
const devices = [["phone", phone, full ? ["light", "dark"] : ["light"]], ["desktop", desktop, full ? ["light", "dark"] : ["dark"]]];
for (const [device, options, schemes] of devices) {
  test(`every screen on a ${device}, ${schemes.join(" and ")}`, async (t) => {
    // axe comes into the page as a script of its own.
    const page = await visitor(t, { ...options, bypassCSP: true, expectErrors: true });
    const both = async (name) => {
      for (const colorScheme of schemes) {
        await page.emulateMedia({ colorScheme });
        await screenshot(page, `screen-${name}-${device}-${colorScheme}`);
        await check(page, `${name}, ${colorScheme}`);
      }
    };
    await page.goto(`${web}/signin`);
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await both("sign-in");
    const me = await signUp(page, "sora", "Sora Lindqvist");
    await page.getByRole("heading", { name: "Your feed is quiet" }).waitFor();
    await both("empty-feed");

    const id = await post(page, "Hills, and hills behind them #hills", [await photo(page, 1), await photo(page, 2)]);
    await page.getByLabel("Add a comment").fill("First.");
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator(".comments li:not(.sending)").waitFor();
    await page.getByRole("button", { name: "Like" }).click();
    await page.getByText("1 like", { exact: true }).waitFor();
    await both("post");

    await until(
      async () => {
        await page.goto(web);
        await page.locator(".post, .empty").first().waitFor();
        return page.locator(".post").count();
      },
      (count) => count > 0, "one's own post is in one's feed",
    );
    await both("feed");

    await open(page, "/new");
    await both("new-post-empty");
    await page.locator("input[type=file]").setInputFiles(await photo(page, 3));
    await uploaded(page);
    await both("new-post");

    await open(page, "/search");
    await page.getByRole("heading", { name: "Find people and posts" }).waitFor();
    await both("search-empty");
    await until(
      async () => {
        await open(page, "/");
        await open(page, `/search?q=${me}`);
        await page.locator(".row, .empty").first().waitFor();
        return page.locator(".row").count();
      },
      (count) => count > 0, "the search finds a name",
    );
    await both("search");

    await open(page, "/activity");
    await page.getByText("Live", { exact: true }).waitFor();
    await both("activity-empty");
    await open(page, `/u/${me}`);
    await page.locator(".tile").first().waitFor();
    await both("own-profile");
    await open(page, "/u/nobody.of.this.name");
    await page.getByRole("heading", { name: "There is no nobody.of.this.name" }).waitFor();
    await both("no-profile");
    await open(page, "/settings");
    await both("settings");
    await open(page, "/nowhere");
    await both("not-found");

    await open(page, `/p/${id}`);
    await page.getByRole("button", { name: "Delete post" }).click();
    await page.getByRole("dialog").waitFor();
    await both("dialog");
    await page.getByRole("button", { name: "Cancel" }).click();

    await page.context().setOffline(true);
    await page.getByText("You are offline. What you see may be old.").waitFor();
    await both("offline");
    await page.context().setOffline(false);
  });
}

test("activity with somebody in it, light and dark", async (t) => {
  const page = await visitor(t, { bypassCSP: true });
  const name = await signUp(page, "tess", "Tess Moreau");
  const other = await visitor(t, desktop);
  await signUp(other, "umar", "Umar Aziz");
  await open(other, `/u/${name}`);
  await other.getByRole("button", { name: "Follow", exact: true }).click();
  await open(page, "/activity");
  await page.locator(".activities").getByText("follows you.").waitFor();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await screenshot(page, `screen-activity-phone-${colorScheme}`);
    await check(page, `activity, ${colorScheme}`);
  }
  await screenshot(other, "screen-profile-desktop-light");
});

test("the page for operators, light and dark", async (t) => {
  for (const [device, options] of Object.entries({ phone, desktop })) {
    const page = await visitor(t, { ...options, bypassCSP: true });
    await page.goto(`${web}/ops`);
    await page.getByRole("heading", { name: "Slowest methods" }).waitFor();
    await page.getByText("All processes are ready").waitFor();
    // A second state has come: from now on it tells of the time between.
    await page.getByText(/Rates and times of the last \d+ s/).waitFor();
    assert.ok((await page.getByRole("region", { name: "Roles" }).first().innerText()).includes("gateway"));
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await screenshot(page, `screen-ops-${device}-${colorScheme}`);
      await check(page, `ops, ${device}, ${colorScheme}`);
    }
  }
});

test("the keyboard alone suffices", async (t) => {
  const page = await visitor(t, desktop);
  await page.goto(`${web}/signup`);
  const name = `vera.${process.pid}.keys`;
  await page.getByLabel("Name", { exact: true }).focus();
  await page.keyboard.type(name);
  await page.keyboard.press("Tab");
  await page.keyboard.type("Vera Novak");
  await page.keyboard.press("Tab");
  await page.keyboard.type("a long password");
  await page.keyboard.press("Enter");
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  await post(page, "By keyboard", [await photo(page)]);

  await page.reload();
  await page.getByRole("button", { name: "Like" }).waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "Skip to content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1");
  for (let i = 0; i < 20 && (await focused(page)) !== "Like"; i++) await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "Like", pressed: true }).waitFor();
  assert.equal(await page.locator("#said").innerText(), "Liked");
});

test("opening a screen says where one is, and going back puts one where one was", async (t) => {
  const page = await visitor(t, desktop);
  await signUp(page, "wim");
  for (let i = 0; i < 3; i++) await post(page, `Number ${i}`, [await photo(page, i)]);
  await until(
    async () => {
      await page.goto(web);
      await page.locator(".post, .empty").first().waitFor();
      return page.locator(".post").count();
    },
    (count) => count === 3, "one's own posts are in one's feed",
  );
  await page.evaluate(() => scrollTo(0, 700));
  await page.locator(".post").nth(1).getByRole("link", { name: "Comment" }).click();
  await page.waitForURL(/\/p\//);
  await page.getByRole("button", { name: "Back" }).click();
  await page.waitForURL(`${web}/`);
  await until(() => page.evaluate(() => scrollY), (y) => y === 700, "back at the same height");
  await page.getByRole("link", { name: "Search" }).click();
  assert.equal(await page.title(), "Search · InstaGrpc");
  await page.getByRole("link", { name: "Activity" }).click();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Activity");
});

const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
