import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { load } from "./sources.mjs";

Object.defineProperty(globalThis, "navigator", { value: { onLine: true }, configurable: true });
const { faultOf } = await load("api/errors.ts");

test("what is gone or hidden is said to be gone, without the server's words", () => {
  const fault = faultOf(new ConnectError("media 42 does not exist", Code.NotFound));
  assert.equal(fault.kind, "missing");
  assert.equal(fault.message, "This is no longer here.");
});

test("what is refused is said as a sentence", () => {
  const fault = faultOf(new ConnectError("you and the post's author can't see each other: one has blocked the other", Code.FailedPrecondition));
  assert.equal(fault.kind, "refused");
  assert.equal(fault.message, "You and the post's author can't see each other: one has blocked the other.");
});
