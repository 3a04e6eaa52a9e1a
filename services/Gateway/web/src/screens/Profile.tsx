import { useState } from "preact/hooks";
import { app } from "../api/client.ts";
import { postOf, userOf, type User } from "../api/model.ts";
import { session } from "../api/session.ts";
import { Avatar } from "../parts/Avatar.tsx";
import { FollowButton } from "../parts/FollowButton.tsx";
import { Icon } from "../parts/Icon.tsx";
import { Bones, Empty, Failure, ListEnd } from "../parts/List.tsx";
import { Tile } from "../parts/PhotoFrame.tsx";
import { Screen } from "../parts/Screen.tsx";
import { compact } from "../parts/time.tsx";
import { here } from "../router.ts";
import { isFresh } from "../state/fresh.ts";
import { usePages } from "../state/pages.ts";
import { keep, postOf as kept } from "../state/posts.ts";

interface Head {
  readonly user: User;
  readonly posts: bigint;
  readonly followers: bigint;
  readonly following: bigint;
  readonly followed: boolean;
  /** When this browser last followed or unfollowed, by performance.now. */
  readonly changedAt: number;
}

const heads = new Map<string, Head>();

export function Profile({ name }: { name: string }) {
  const { returned } = here();
  const [, draw] = useState(0);
  const set = (head: Head) => {
    heads.set(name, head);
    draw((count) => count + 1);
  };
  const pages = usePages(`profile ${name}`, !returned, async (pageToken, signal) => {
    const answer = await app.profile({ who: { case: "name", value: name }, pageToken, pageSize: 30 }, { signal });
    const posts = answer.posts.map(postOf);
    keep(posts);
    if (pageToken === "") {
      const known = heads.get(name);
      set({
        user: userOf(answer.user),
        posts: BigInt(answer.counts?.media ?? "0"),
        followers: BigInt(answer.counts?.followers ?? "0"),
        following: BigInt(answer.counts?.following ?? "0"),
        followed: answer.followed,
        changedAt: -Infinity,
        ...(known && isFresh(known.changedAt) ? { followed: known.followed, followers: known.followers, changedAt: known.changedAt } : {}),
      });
    }
    return { items: posts.map(({ id }) => ({ id })), next: answer.nextPageToken };
  });
  const head = heads.get(name);
  const own = session()?.user.name === name;
  const settings = own && <a class="icon-button" href="/settings"><Icon name="gear" /><span class="visually-hidden">Settings</span></a>;
  // Also where this browser has seen him before: since then he may have left, or one of the two may have blocked the other.
  if (head === undefined || pages.fault?.kind === "missing") {
    return (
      <Screen title={name} parent={own ? undefined : "/"} end={settings} wide>
        {pages.fault
          ? pages.fault.kind === "missing"
            ? <Empty icon="person" title={`There is no ${name}`}><p>The name may have changed, its owner may have left, or one of you may have blocked the other.</p></Empty>
            : <Failure fault={pages.fault} retry={() => void pages.retry()} />
          : <><div class="profile-head bone-head" aria-hidden="true" /><Bones kind="tile" count={9} /></>}
      </Screen>
    );
  }
  const posts = pages.items.map(({ id }) => kept(id)).filter((post) => post !== null);
  return (
    <Screen title={name} parent={own ? undefined : "/"} end={settings} wide>
      <section class="profile-head" aria-label="Profile">
        <Avatar user={head.user} size="xl" />
        <div class="about">
          <p class="display-name">{head.user.displayName || head.user.name}</p>
          <dl class="counts">
            <div><dt>{head.posts === 1n ? "post" : "posts"}</dt><dd>{compact(head.posts)}</dd></div>
            <div><dt>{head.followers === 1n ? "follower" : "followers"}</dt><dd>{compact(head.followers)}</dd></div>
            <div><dt>following</dt><dd>{compact(head.following)}</dd></div>
          </dl>
        </div>
        {own
          ? <a class="button quiet" href="/new">New post</a>
          : <FollowButton
              user={head.user}
              followed={head.followed}
              changed={(followed) => {
                const now = heads.get(name)!;
                set({ ...now, followed, changedAt: performance.now(), followers: now.followers + (followed ? 1n : now.followers > 0n ? -1n : 0n) });
              }}
            />}
      </section>
      {pages.loaded && posts.length === 0 && (
        <Empty icon="photo" title="No posts yet">{own && <a class="button" href="/new">Post a photo</a>}</Empty>
      )}
      {pages.fault && !pages.loaded && <Failure fault={pages.fault} retry={() => void pages.retry()} />}
      <div class="grid">{posts.map((post, index) => <Tile key={post.id} post={post} eager={index < 9} />)}</div>
      <ListEnd pages={pages} what="posts" />
    </Screen>
  );
}
