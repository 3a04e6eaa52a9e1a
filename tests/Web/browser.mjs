// A browser on a running mesh (INSTA_WEB, its address), users with names of their own, photos drawn here, and screenshots as output
// (INSTA_SCREENSHOTS, a folder).

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, test as nodeTest } from "node:test";
import { chromium } from "playwright-core";

export const web = process.env.INSTA_WEB ?? assert.fail("INSTA_WEB is not set: http://host:port of the mesh's web listener");
const screenshots = process.env.INSTA_SCREENSHOTS ?? "screenshots";
mkdirSync(screenshots, { recursive: true });

/** How long something may take that must come: a limit for a machine that is busy with other tests, not a time to wait. */
export const limit = Number(process.env.INSTA_LIMIT ?? 60_000);
/** A test. What it waits for without a limit of its own ends too, and says in which test. */
export const test = (name, work) => nodeTest(name, { timeout: 4 * limit }, work);

export const password = "correct horse battery staple";

export const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
export const desktop = { viewport: { width: 1280, height: 860 } };

const browser = await chromium.launch({
  executablePath: process.env.INSTA_CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});
after(() => browser.close());

/** A page of a visitor's own: cookies and storage are shared with nobody. Whatever the app throws or logs as an error fails the test. */
export async function visitor(t, options = {}) {
  const { expectErrors = false, ...rest } = options;
  const context = await browser.newContext({ ...phone, colorScheme: "light", locale: "en", reducedMotion: "reduce", ...rest });
  context.setDefaultTimeout(limit);
  const errors = [];
  const watch = (page) => {
    page.on("pageerror", (error) => errors.push(error.stack));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(`${message.text()} ${message.location().url ?? ""}`);
    });
  };
  context.on("page", watch);
  t.after(async () => {
    await context.close();
    if (!expectErrors) assert.deepEqual(errors, []);
  });
  const page = await context.newPage();
  page.errors = errors;
  return page;
}

let names = 0;
export const unique = (hint) => `${hint}.${process.pid}.${names++}`;

/** Signs up through the form; the name. */
export async function signUp(page, hint, displayName = "") {
  const name = unique(hint);
  await page.goto(`${web}/signup`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Full name").fill(displayName);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  return name;
}

/** Opens a screen as a link in the app would. */
export async function open(page, path) {
  await page.evaluate((to) => {
    const link = document.body.appendChild(document.createElement("a"));
    link.href = to;
    link.click();
    link.remove();
  }, path);
}

/** A landscape as JPEG: hills under a sun, other ones for each number. */
export async function photo(page, number = 0, [width, height] = [1600, 1200]) {
  const base64 = await page.evaluate(async ({ number, width, height }) => {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    const draw = canvas.getContext("2d");
    const skies = [["#ff9a5a", "#ffd9a0", "#5b3a6e"], ["#7ec8f0", "#e8f6ff", "#3f7d6b"], ["#f6b7c1", "#fdebd3", "#8b5e83"], ["#24344f", "#ef7f5c", "#1a2436"]];
    const [top, low, hill] = skies[number % skies.length];
    const sky = draw.createLinearGradient(0, 0, 0, height);
    sky.addColorStop(0, top);
    sky.addColorStop(0.7, low);
    draw.fillStyle = sky;
    draw.fillRect(0, 0, width, height);
    draw.fillStyle = "#ffffffd0";
    draw.beginPath();
    draw.arc(width * (0.3 + 0.13 * (number % 4)), height * 0.35, height * 0.09, 0, 7);
    draw.fill();
    for (let row = 0; row < 4; row++) {
      draw.globalAlpha = 0.35 + 0.2 * row;
      draw.fillStyle = hill;
      draw.beginPath();
      draw.moveTo(0, height);
      for (let x = 0; x <= width; x += 8) {
        const wave = Math.sin((x / width) * (5 + row * 2) + row * 1.7 + number) + 0.3 * Math.sin((x / width) * 31 + number + row);
        draw.lineTo(x, height * (0.5 + 0.13 * row + 0.05 * wave));
      }
      draw.lineTo(width, height);
      draw.fill();
    }
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let text = "";
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(text);
  }, { number, width, height });
  return { name: `landscape-${number}.jpg`, mimeType: "image/jpeg", buffer: Buffer.from(base64, "base64") };
}

/** Posts through the form; the post's id. */
export async function post(page, caption, photos) {
  await page.getByRole("link", { name: "New post" }).first().click();
  await page.locator("input[type=file]").setInputFiles(photos);
  await page.getByLabel("Caption").fill(caption);
  await page.getByRole("button", { name: "Post", exact: true }).click();
  await page.waitForURL(/\/p\/\d+$/);
  return new URL(page.url()).pathname.split("/")[2];
}

/** The photos that were chosen have arrived. */
export const uploaded = (page) => page.locator(".draft .done").first().waitFor();

/** A part of a story: its name stands before what went wrong in it, and nothing comes after that. */
export async function step(name, work) {
  try {
    await work();
  } catch (error) {
    error.message = `${name}: ${error.message}`;
    throw error;
  }
}

export async function screenshot(page, name) {
  // What is still coming in belongs to the picture.
  await page.waitForFunction(() => [...document.images].every((image) => image.complete || image.loading === "lazy"));
  // A page that is not painted has no frames.
  await page.evaluate(() => new Promise((drawn) => {
    requestAnimationFrame(() => requestAnimationFrame(drawn));
    setTimeout(drawn, 1000);
  }));
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
}

/** Asks again until the answer satisfies; what comes in from the browser meanwhile is heard between two questions. */
export async function until(ask, satisfies, what) {
  const end = Date.now() + limit;
  for (;;) {
    const answer = await ask();
    if (satisfies(answer)) return answer;
    await new Promise(setImmediate);
    assert.ok(Date.now() < end, `${what}: not within ${limit / 1000} s, last seen ${JSON.stringify(answer)}`);
  }
}
