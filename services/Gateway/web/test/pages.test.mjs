import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./sources.mjs";

// The router looks at the address as soon as it is there.
globalThis.location ??= { pathname: "/", search: "", href: "http://localhost/" };
globalThis.history ??= { state: null, replaceState() {} };
globalThis.addEventListener ??= () => undefined;
globalThis.document ??= { addEventListener() {} };
globalThis.localStorage ??= { getItem: () => null, setItem() {}, removeItem() {} };
const { Pages } = await load("state/pages.ts");

const page = (ids, next = "") => ({ items: ids.map((id) => ({ id })), next });
const ids = (pages) => pages.items.map((item) => item.id);
const put = (id) => (items) => [{ id }, ...items.filter((item) => item.id !== id)];

/** A list whose pages come when the test says so. */
function held() {
  const asked = [];
  const pages = new Pages((token) => new Promise((answer, refuse) => asked.push({ token, answer, refuse })));
  return { pages, asked };
}

test("what is added while the first page is on its way stays", async () => {
  const { pages, asked } = held();
  const loading = pages.refresh();
  pages.change(put("new"));
  asked[0].answer(page(["b", "a"]));
  await loading;
  assert.deepEqual(ids(pages), ["new", "b", "a"]);
});

test("what is added while the first page is on its way is there once, also when the page has it", async () => {
  const { pages, asked } = held();
  const loading = pages.refresh();
  pages.change(put("new"));
  asked[0].answer(page(["new", "a"]));
  await loading;
  assert.deepEqual(ids(pages), ["new", "a"]);
});

test("a page that is asked for after a change is shown as it comes", async () => {
  const { pages, asked } = held();
  const first = pages.refresh();
  pages.change(put("sending"));
  asked[0].answer(page([]));
  await first;
  const second = pages.refresh();
  asked[1].answer(page(["a"]));
  await second;
  assert.deepEqual(ids(pages), ["a"]);
});

test("the page that was asked for last is shown, in whatever order they come", async () => {
  const { pages, asked } = held();
  const first = pages.refresh();
  const second = pages.refresh();
  asked[1].answer(page(["new"]));
  await second;
  asked[0].answer(page(["old"]));
  await first;
  assert.deepEqual(ids(pages), ["new"]);
});

test("a page further on adds to what is there, and nothing twice", async () => {
  const { pages, asked } = held();
  const first = pages.refresh();
  asked[0].answer(page(["c", "b"], "further"));
  await first;
  const more = pages.more();
  pages.change((items) => items.filter((item) => item.id !== "a"));
  asked[1].answer(page(["b", "a", "0"]));
  await more;
  assert.equal(asked[1].token, "further");
  assert.deepEqual(ids(pages), ["c", "b", "0"]);
  assert.equal(pages.ended, true);
});
