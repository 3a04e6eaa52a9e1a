// Tokens end and are renewed without anybody noticing; ids keep their digits on the way to the server.

import assert from "node:assert/strict";
import { open, signUp, test, until, visitor, web } from "./browser.mjs";

const key = "insta.session";

test("many calls with an expired token cause one refresh, over all tabs", async (t) => {
  const page = await visitor(t);
  const name = await signUp(page, "lena");
  const before = await stored(page);
  await expire(page);
  const refreshes = [];
  page.context().on("request", (request) => {
    if (request.url().endsWith("/Refresh")) refreshes.push(request.url());
  });
  const second = await page.context().newPage();
  await Promise.all([page.goto(`${web}/u/${name}`), second.goto(`${web}/u/${name}`)]);
  await Promise.all([page, second].map((tab) => tab.getByRole("heading", { name: "No posts yet" }).waitFor()));
  assert.equal(refreshes.length, 1);
  const now = await stored(page);
  assert.notEqual(now.refreshToken, before.refreshToken);
  assert.deepEqual(await stored(second), now);
});

test("a token that the server refuses is renewed, and the call made again", async (t) => {
  const page = await visitor(t, { expectErrors: true });
  const name = await signUp(page, "milo");
  await change(page, { accessToken: "not.a.token" });
  await page.goto(`${web}/u/${name}`);
  await page.getByRole("heading", { name: "No posts yet" }).waitFor();
});

test("a session that has ended leads to the form, and from there back", async (t) => {
  const page = await visitor(t, { expectErrors: true });
  const name = await signUp(page, "nora");
  await change(page, { accessToken: "not.a.token", refreshToken: "not a token either", expiresAt: 0 });
  await page.goto(`${web}/u/${name}`);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  assert.equal(await stored(page), null);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill((await import("./browser.mjs")).password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "No posts yet" }).waitFor();
  assert.equal(new URL(page.url()).pathname, `/u/${name}`);
});

test("signing out in one tab signs out in the others", async (t) => {
  const page = await visitor(t);
  await signUp(page, "otis");
  const second = await page.context().newPage();
  await second.goto(web);
  await second.getByRole("navigation", { name: "Main" }).waitFor();
  await open(page, "/settings");
  await page.getByRole("button", { name: "Sign out" }).click();
  await second.getByRole("button", { name: "Sign in" }).waitFor();
});

test("an id that a double cannot hold reaches the server whole", async (t) => {
  const page = await visitor(t, { expectErrors: true });
  await signUp(page, "pia");
  const asked = page.waitForRequest((request) => request.url().endsWith("/GetPost"));
  await open(page, "/p/9007199254740993");
  const body = (await asked).postDataBuffer();
  // grpc-web: a flag, four bytes of length; then field 1 as varint.
  assert.equal(body[5], 0x08);
  assert.equal(varint(body.subarray(6)), 9007199254740993n);
  await page.getByText("This is no longer here.").waitFor();
});

test("what was written is read, from a follower too: the token goes along", async (t) => {
  const page = await visitor(t);
  const name = await signUp(page, "quin");
  const other = await visitor(t);
  const otherName = await signUp(other, "rosa");
  await open(page, `/u/${otherName}`);
  await page.getByRole("button", { name: "Follow", exact: true }).click();
  await page.getByRole("button", { name: "Following" }).waitFor();
  await until(() => page.locator("[aria-busy=true]").count(), (busy) => busy === 0, "the follow is answered");
  const asked = page.waitForRequest((request) => request.url().endsWith("/Profile"));
  await open(page, `/u/${name}`);
  assert.match((await asked).headers()["insta-lsn"] ?? "", /^[a-z0-9-]+=\d+\/[0-9A-F]+\/[0-9A-F]+/);
});

const stored = (page) => page.evaluate((name) => JSON.parse(localStorage.getItem(name)), key);
const expire = (page) => change(page, { expiresAt: 0 });

async function change(page, changes) {
  // On a page without the app, so that nothing of it writes meanwhile.
  await page.goto(`${web}/icon.svg`);
  await page.evaluate(([name, more]) => {
    localStorage.setItem(name, JSON.stringify({ ...JSON.parse(localStorage.getItem(name)), ...more }));
  }, [key, changes]);
}

function varint(bytes) {
  let value = 0n;
  for (const [index, byte] of bytes.entries()) {
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return value;
  }
  return assert.fail("the number does not end");
}
