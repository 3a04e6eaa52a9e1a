// Two people meet: sign up, follow, post a photo, the other's feed shows it, like, comment, notifications as they happen, unfollow.

import assert from "node:assert/strict";
import { desktop, open, password, photo, post, screenshot, signUp, step, test, until, uploaded, visitor, web } from "./browser.mjs";

test("two people meet", async (t) => {
  const ada = await visitor(t);
  const ben = await visitor(t, { ...desktop, colorScheme: "dark" });

  const adaName = await signUp(ada, "ada", "Ada Brandt");
  await ada.getByRole("heading", { name: "Your feed is quiet" }).waitFor();
  await screenshot(ada, "journey-01-empty-feed");
  const benName = await signUp(ben, "ben", "Ben Okafor");

  await step("one finds the other by name and follows", async () => {
    // Names come to the search through the change stream: moments later.
    await until(
      async () => {
        await open(ben, "/");
        await open(ben, `/search?q=${adaName}`);
        await ben.locator(".row, .empty").first().waitFor();
        return ben.getByRole("link", { name: adaName }).count();
      },
      (found) => found === 1, "the search finds a new name",
    );
    await ben.getByRole("link", { name: adaName }).click();
    await ben.getByRole("button", { name: "Follow", exact: true }).click();
    await ben.getByRole("button", { name: "Following" }).waitFor();
    await screenshot(ben, "journey-02-profile-followed");
  });

  await step("who is followed hears of it at once", async () => {
    await ada.getByRole("link", { name: /Activity, 1 new/ }).waitFor();
    await ada.getByRole("link", { name: /Activity/ }).click();
    await ada.locator(".activities").getByText(`${benName} follows you.`).waitFor();
    await ada.getByText("Live", { exact: true }).waitFor();
    await screenshot(ada, "journey-03-activity");
  });

  let id;
  await step("a photo is chosen, seen, sent and posted", async () => {
    await ada.getByRole("link", { name: "New post" }).click();
    await ada.locator("input[type=file]").setInputFiles(await photo(ada));
    await ada.getByAltText("Preview of landscape-0.jpg").waitFor();
    await uploaded(ada);
    await ada.getByLabel("Caption").fill("First light over the ridge #sunrise");
    await screenshot(ada, "journey-04-new-post");
    await ada.getByRole("button", { name: "Post", exact: true }).click();
    await ada.waitForURL(/\/p\/\d+$/);
    id = new URL(ada.url()).pathname.split("/")[2];
    await loaded(ada.getByAltText(/First light over the ridge/));
    await screenshot(ada, "journey-05-posted");
  });

  await step("the other's feed shows it, with room kept for it", async () => {
    await until(
      async () => {
        await ben.goto(web);
        await ben.locator(".post, .empty").first().waitFor();
        return ben.locator(".post").count();
      },
      (count) => count === 1, "the feed shows the post",
    );
    const image = ben.getByAltText(`Photo by ${adaName}: First light over the ridge #sunrise`);
    await loaded(image);
    assert.match(await image.getAttribute("srcset"), /small 320w, .*medium 640w, .*large 1080w/);
    assert.equal(await image.getAttribute("width"), "1600");
    assert.equal(await image.getAttribute("height"), "1200");
    await screenshot(ben, "journey-06-feed");
  });

  await step("a like is shown at once, and its receiver hears of it", async () => {
    const heart = ben.getByRole("button", { name: "Like" });
    await heart.click();
    assert.equal(await heart.getAttribute("aria-pressed"), "true");
    await ben.getByText("1 like", { exact: true }).waitFor();
    await ada.getByRole("link", { name: /Activity, 1 new/ }).waitFor();
    await screenshot(ada, "journey-07-liked");
  });

  await step("a comment reaches the post's owner", async () => {
    await ben.getByRole("link", { name: "Comment" }).click();
    await ben.getByLabel("Add a comment").fill(`What a morning, @${adaName}!`);
    await ben.getByRole("button", { name: "Send" }).click();
    await ben.getByText("What a morning").waitFor();
    await ben.locator(".comment.sending").waitFor({ state: "detached" });
    await screenshot(ben, "journey-08-comment");

    await ada.getByRole("link", { name: /Activity/ }).click();
    await ada.locator(".activities").getByText(`${benName} commented on your post.`).waitFor();
    await ada.locator(".activities").getByText(`${benName} liked your post.`).waitFor();
    await loaded(ada.locator(".activities img").first());
    await screenshot(ada, "journey-09-activity");
    await ada.locator(".activities").getByText(`${benName} commented on your post.`).click();
    await ada.waitForURL(`**/p/${id}`);
    await ada.getByText("What a morning").waitFor();
    await screenshot(ada, "journey-10-post");
  });

  await step("the profile shows it", async () => {
    await ada.getByRole("link", { name: "Profile" }).click();
    await ada.locator(".tile").waitFor();
    await loaded(ada.locator(".tile img"));
    await screenshot(ada, "journey-11-own-profile");
  });

  await step("a photo becomes the profile's", async () => {
    await open(ada, `/p/${id}`);
    await ada.getByRole("button", { name: "Use as profile photo" }).click();
    await ada.getByText("This is your profile photo now.").waitFor();
    await loaded(ada.getByRole("navigation").locator(".avatar img"));
    await open(ben, `/u/${adaName}`);
    await loaded(ben.locator(".profile-head .avatar img"));
    await screenshot(ben, "journey-12-profile-photo");
  });

  await step("after an unfollow the feed is without it", async () => {
    await open(ben, `/u/${adaName}`);
    await ben.getByRole("button", { name: "Following" }).click();
    await ben.getByRole("button", { name: "Follow", exact: true }).waitFor();
    await until(
      async () => {
        await ben.goto(web);
        await ben.locator(".post, .empty").first().waitFor();
        return ben.locator(".post").count();
      },
      (count) => count === 0, "the feed is without the post",
    );
    await screenshot(ben, "journey-13-unfollowed");
  });

  await step("the session lasts over a reload, and ends with signing out", async () => {
    await ada.reload();
    await ada.getByRole("navigation", { name: "Main" }).waitFor();
    await open(ada, "/settings");
    await ada.getByRole("button", { name: "Sign out" }).click();
    await ada.getByRole("button", { name: "Sign in" }).waitFor();
    await ada.getByLabel("Name", { exact: true }).fill(adaName);
    await ada.getByLabel("Password").fill(password);
    await ada.getByRole("button", { name: "Sign in" }).click();
    await ada.getByRole("navigation", { name: "Main" }).waitFor();
  });

  await step("a deleted post is gone", async () => {
    await open(ada, `/p/${id}`);
    await ada.getByRole("button", { name: "Delete post" }).click();
    await ada.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await ada.getByText("Post deleted.").waitFor();
    ada.errors.length = 0;
    await open(ada, `/p/${id}`);
    await ada.getByText("This is no longer here.").waitFor();
  });
});

test("several photos make one post", async (t) => {
  const page = await visitor(t, desktop);
  await signUp(page, "cleo", "Cleo Marsh");
  await post(page, "Three of a kind", [await photo(page, 1), await photo(page, 2, [1200, 1500]), await photo(page, 3, [1920, 1080])]);
  await loaded(page.getByAltText(/Photo 1 of 3/));
  await page.getByRole("button", { name: "Next photo" }).click();
  await loaded(page.getByAltText(/Photo 2 of 3/));
  await screenshot(page, "several-photos");
});

/** The picture has come and can be shown. */
async function loaded(image) {
  await image.first().waitFor();
  await until(() => image.first().evaluate((element) => element.complete && element.naturalWidth > 0), (there) => there, "the photo is there");
}
