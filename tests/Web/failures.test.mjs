// What is shown when things go wrong, and that it comes right again.

import assert from "node:assert/strict";
import { desktop, open, photo, post, screenshot, signUp, test, until, uploaded, visitor, web } from "./browser.mjs";

function signal() {
  let resolve;
  const promise = new Promise((resolved) => (resolve = resolved));
  return { promise, resolve };
}

const rpc = (method) => `**/insta.app.v1.AppService/${method}`;

test("a like that fails is taken back, with a message, and can be tried again", async (t) => {
  const page = await visitor(t, { expectErrors: true });
  await signUp(page, "dora");
  await post(page, "To be liked", [await photo(page)]);
  await page.route(rpc("Like"), (route) => route.abort("connectionfailed"));
  const heart = page.getByRole("button", { name: "Like" });
  await heart.click();
  await page.getByText("Your like was not saved.").waitFor();
  assert.equal(await heart.getAttribute("aria-pressed"), "false");
  await screenshot(page, "failure-like");
  await page.unroute(rpc("Like"));
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("1 like", { exact: true }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Like", pressed: true }).waitFor();
});

test("quick changes of mind end as the last one", async (t) => {
  const page = await visitor(t);
  await signUp(page, "enno");
  await post(page, "On, off, on", [await photo(page)]);
  const heart = page.getByRole("button", { name: "Like" });
  const told = [];
  page.on("response", (response) => {
    const method = response.url().split("/").pop();
    if (method === "Like" || method === "Unlike") told.push(method);
  });
  for (let i = 0; i < 5; i++) await heart.click();
  await until(
    async () => ({ told, pressed: await heart.getAttribute("aria-pressed"), message: await page.locator(".toasts").innerText() }),
    (seen) => seen.told.at(-1) === "Like" && seen.pressed === "true", "the last word is a like",
  );
  await until(
    async () => {
      await page.reload();
      await heart.waitFor();
      return heart.getAttribute("aria-pressed");
    },
    (pressed) => pressed === "true", "the server has the last one",
  );
});

test("a comment that fails comes back into its field", async (t) => {
  const page = await visitor(t, { expectErrors: true });
  await signUp(page, "fynn");
  await post(page, "To be talked about", [await photo(page)]);
  await page.route(rpc("Comment"), (route) => route.abort("connectionfailed"));
  await page.getByLabel("Add a comment").fill("Not lost");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Your comment was not sent.").waitFor();
  assert.equal(await page.getByLabel("Add a comment").inputValue(), "Not lost");
  assert.equal(await page.locator(".comment").filter({ hasText: "Not lost" }).count(), 0);
});

test("offline is said, and what failed works again when the network is back", async (t) => {
  const page = await visitor(t, { expectErrors: true });
  const name = await signUp(page, "gale");
  await page.getByRole("heading", { name: "Your feed is quiet" }).waitFor();
  await page.context().setOffline(true);
  await page.getByText("You are offline. What you see may be old.").waitFor();
  await open(page, `/u/${name}`);
  await page.getByRole("alert").getByText("You are offline.").waitFor();
  await screenshot(page, "failure-offline");
  await page.context().setOffline(false);
  await page.getByText("You are offline. What you see may be old.").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "No posts yet" }).waitFor();
});

test("notifications go on after a break, each once", async (t) => {
  const hugo = await visitor(t, { expectErrors: true });
  const name = await signUp(hugo, "hugo");
  const iris = await visitor(t, desktop);
  await signUp(iris, "iris");
  await open(iris, `/u/${name}`);
  await hugo.context().setOffline(true);
  await iris.getByRole("button", { name: "Follow", exact: true }).click();
  await iris.getByRole("button", { name: "Following" }).waitFor();
  await hugo.context().setOffline(false);
  await hugo.getByRole("link", { name: /Activity, 1 new/ }).waitFor();
  await open(hugo, "/activity");
  await hugo.locator(".activities").getByText("follows you.").waitFor();
  await hugo.context().setOffline(true);
  await hugo.context().setOffline(false);
  await hugo.getByText("Live", { exact: true }).waitFor();
  assert.equal(await hugo.locator(".activities li").count(), 1);
});

test("an upload that fails says so and can be tried again; a file that is no photo is refused", async (t) => {
  const page = await visitor(t, { expectErrors: true });
  await signUp(page, "juno");
  await open(page, "/new");
  await page.route((url) => url.pathname.startsWith("/upload"), (route) => route.abort("connectionfailed"));
  await page.locator("input[type=file]").setInputFiles(await photo(page));
  await page.getByText("The server can’t be reached.").waitFor();
  await screenshot(page, "failure-upload");
  await page.unrouteAll();
  await page.getByRole("button", { name: "Try again" }).click();
  await uploaded(page);
  await page.getByRole("button", { name: "Remove landscape-0.jpg" }).click();
  await page.locator("input[type=file]").setInputFiles({ name: "poem.jpg", mimeType: "image/jpeg", buffer: Buffer.from("Not a photo at all") });
  await page.locator(".draft-fault").waitFor();
  await screenshot(page, "failure-no-photo");
});

test("wrong names and passwords are said beside the form", async (t) => {
  const page = await visitor(t, { expectErrors: true });
  const name = await signUp(page, "kira");
  const other = await visitor(t, { expectErrors: true });
  await other.goto(`${web}/signup`);
  await other.getByLabel("Name", { exact: true }).fill(name);
  await other.getByLabel("Password").fill("another password");
  await other.getByRole("button", { name: "Sign up" }).click();
  await other.getByRole("alert").first().waitFor();
  await screenshot(other, "failure-name-taken");
  await other.getByRole("link", { name: "Sign in" }).click();
  await other.getByLabel("Name", { exact: true }).fill(name);
  await other.getByLabel("Password").fill("wrong password");
  await other.getByRole("button", { name: "Sign in" }).click();
  await other.getByRole("alert").first().waitFor();
  assert.equal(await other.getByRole("navigation", { name: "Main" }).count(), 0);
});

test("what happens between a screen's first drawing and its first paint is shown", async (t) => {
  const page = await visitor(t);
  const name = await signUp(page, "yara");
  await page.getByRole("heading", { name: "Your feed is quiet" }).waitFor();
  // From now on the page paints late: effects that wait for it don't run while the test does.
  await page.evaluate(() => {
    globalThis.requestAnimationFrame = () => 0;
    const later = globalThis.setTimeout;
    globalThis.setTimeout = (work, milliseconds = 0, ...more) => later(work, milliseconds > 0 && milliseconds <= 100 ? 10_000_000 : milliseconds, ...more);
  });
  await open(page, "/activity");
  await page.getByText("Nothing yet").waitFor();
  const other = await visitor(t);
  await signUp(other, "zoe");
  await open(other, `/u/${name}`);
  await other.getByRole("button", { name: "Follow", exact: true }).click();
  await page.locator(".activities").getByText("follows you.").waitFor();
});

test("a comment that is sent while the others are on their way stays", async (t) => {
  const page = await visitor(t);
  await signUp(page, "abel");
  const id = await post(page, "Quick", [await photo(page)]);
  const [read, held] = [signal(), signal()];
  await page.route(rpc("Comments"), async (route) => {
    // Read before the comment is written, and shown after.
    const answer = await route.fetch();
    read.resolve();
    await held.promise;
    await route.fulfill({ response: answer });
  });
  await open(page, "/");
  // Else both may come before the app draws, and the screen stays as it is, with what it has read.
  await page.getByLabel("Add a comment").waitFor({ state: "detached" });
  await open(page, `/p/${id}`);
  await read.promise;
  await page.getByLabel("Add a comment").fill("First.");
  await page.getByRole("button", { name: "Send" }).click();
  await until(() => page.locator("#said").innerText(), (said) => said === "Comment sent", "the comment is sent");
  held.resolve();
  await page.locator(".comments li:not(.sending)").getByText("First.").waitFor();
});
