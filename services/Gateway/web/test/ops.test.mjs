import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./sources.mjs";

const { quantile, since, total } = await load("ops/state.ts");
const { History } = await load("ops/history.ts");

const histogram = (...counts) => ({ bounds: [0.01, 0.1, 1], counts, sum: 0 });

test("a quantile lies within its bucket", () => {
  assert.equal(quantile(histogram(0, 0, 0, 0), 0.99), null);
  assert.equal(quantile(histogram(100, 0, 0, 0), 0.5), 0.005);
  assert.ok(Math.abs(quantile(histogram(50, 50, 0, 0), 0.75) - 0.055) < 1e-9);
  assert.equal(quantile(histogram(0, 0, 0, 5), 0.5), 1);
});

test("a process that began anew counts from zero", () => {
  assert.equal(total(since(histogram(10, 0, 0, 0), histogram(12, 1, 0, 0))), 3);
  assert.equal(total(since(histogram(10, 0, 0, 0), histogram(2, 0, 0, 0))), 2);
});

test("rates are those of the last minute", () => {
  const history = new History();
  const state = (second, records) => ({
    at: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(), processes: [], caches: [], methods: [],
    streams: [{ node: "n1", records }],
  });
  const records = (of) => of.streams[0].records;
  history.add(state(0, 100));
  assert.equal(history.seconds, 0);
  assert.equal(history.counter(100, records), 100);
  history.add(state(30, 400));
  assert.equal(history.seconds, 30);
  assert.equal(history.counter(400, records), 300);
  history.add(state(80, 1000));
  assert.equal(history.seconds, 50);
  assert.equal(history.counter(1000, records), 600);
});
