// Pages of other origins: the browser lets them call where the server names their origin, and nowhere else.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { visitor, web } from "./browser.mjs";

const port = process.env.INSTA_OTHER_PORT;
const pages = createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html><title>Elsewhere</title>"));
before(() => port && new Promise((listening) => pages.listen(Number(port), "127.0.0.1", listening)));
after(() => pages.close());

/** What becomes of a call of SignIn without a name: a status of gRPC, or the browser's refusal. */
const call = (page) => page.evaluate(async (to) => {
  try {
    const answer = await fetch(`${to}/insta.app.v1.AppService/SignIn`, {
      method: "POST",
      headers: { "content-type": "application/grpc-web+proto", "x-grpc-web": "1", "grpc-timeout": "10S" },
      body: new Uint8Array(5),
    });
    const body = await answer.text();
    return answer.headers.get("grpc-status") ?? body.match(/grpc-status: ?(\d+)/)?.[1] ?? `HTTP ${answer.status}`;
  } catch (fault) {
    return fault.name;
  }
}, web);

test("a page of an origin that is named calls, and is told the status", { skip: !port && "INSTA_OTHER_PORT is not set" }, async (t) => {
  const page = await visitor(t);
  await page.goto(`http://127.0.0.1:${port}/`);
  assert.equal(await call(page), "3");
});

test("a page of another origin is refused by its browser", { skip: !port && "INSTA_OTHER_PORT is not set" }, async (t) => {
  const page = await visitor(t, { expectErrors: true });
  await page.goto(`http://localhost:${port}/`);
  assert.equal(await call(page), "TypeError");
});
