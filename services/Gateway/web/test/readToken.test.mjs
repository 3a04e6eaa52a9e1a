import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./sources.mjs";

const { ReadToken } = await load("api/readToken.ts");

test("keeps the newest position of each node", () => {
  const token = new ReadToken();
  assert.equal(token.toString(), "");
  token.merge("n1=1/16/B374D848");
  token.merge("n2=1/0/10,n1=1/16/B374D847");
  assert.equal(token.toString(), "n1=1/16/B374D848,n2=1/0/10");
  token.merge("n1=1/17/0");
  assert.equal(token.toString(), "n1=1/17/0,n2=1/0/10");
});

test("a later timeline is newer, however far behind its position stands", () => {
  const token = new ReadToken("n1=1/FF/FFFFFFFF");
  token.merge("n1=2/0/1");
  assert.equal(token.toString(), "n1=2/0/1");
});

test("compares positions as numbers of 64 bits", () => {
  const token = new ReadToken("n1=1/9/FFFFFFFF");
  token.merge("n1=1/10/0");
  assert.equal(token.toString(), "n1=1/10/0");
});

test("leaves out what it does not understand", () => {
  assert.equal(new ReadToken("nonsense,n1=x/1/2,n2=1/2,=1/2/3,n3=1/2/123456789,n4=1/2/3").toString(), "n4=1/2/3");
});
