import { useEffect, useState } from "preact/hooks";
import { app } from "../api/client.ts";
import { postOf, userOf, type Post, type User } from "../api/model.ts";
import { Avatar } from "../parts/Avatar.tsx";
import { Icon } from "../parts/Icon.tsx";
import { Bones, Empty, Failure, ListEnd } from "../parts/List.tsx";
import { Tile } from "../parts/PhotoFrame.tsx";
import { Screen } from "../parts/Screen.tsx";
import { here, navigate } from "../router.ts";
import { say } from "../state/notices.ts";
import { usePages } from "../state/pages.ts";
import { keep } from "../state/posts.ts";

const typingPause = 250;

type Found = { readonly id: string; readonly user?: User; readonly post?: Post };

export function Search() {
  const asked = here().search.get("q") ?? "";
  const [text, setText] = useState(asked);
  useEffect(() => setText(asked), [asked]);
  useEffect(() => {
    const prefix = text.trim();
    if (prefix === asked) return;
    const timer = setTimeout(() => navigate(prefix ? `/search?q=${encodeURIComponent(prefix)}` : "/search", { replace: true }), typingPause);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <Screen title="Search" hidden>
      <form class="search" role="search" onSubmit={(event) => event.preventDefault()} data-autofocus>
        <Icon name="search" />
        <label class="visually-hidden" for="search">Search people and captions</label>
        <input
          id="search" type="search" placeholder="People and captions" autoComplete="off" autoCapitalize="none" spellcheck={false} maxLength={60}
          value={text} onInput={(event) => setText(event.currentTarget.value)}
          ref={(field: HTMLInputElement | null) => {
            if (field && !field.dataset["focused"]) {
              field.dataset["focused"] = "yes";
              if (matchMedia("(hover: hover)").matches) field.focus();
            }
          }}
        />
      </form>
      {asked ? <Results key={asked} prefix={asked} /> : <Empty icon="search" title="Find people and posts"><p>By the beginning of a name, or of a word in a caption.</p></Empty>}
    </Screen>
  );
}

function Results({ prefix }: { prefix: string }) {
  const pages = usePages<Found>(`search ${prefix}`, !here().returned, async (pageToken, signal) => {
    const answer = await app.search({ prefix, pageToken, pageSize: 30 }, { signal });
    const posts = answer.posts.map(postOf);
    keep(posts);
    return {
      items: [...answer.users.map((message) => ({ id: `u${message.id}`, user: userOf(message) })), ...posts.map((post) => ({ id: post.id, post }))],
      next: answer.nextPageToken,
    };
  });
  const users = pages.items.flatMap(({ user }) => user ?? []);
  const posts = pages.items.flatMap(({ post }) => post ?? []);
  useEffect(() => {
    if (pages.loaded && !pages.loading) say(`${users.length} people and ${posts.length} posts found`);
  }, [pages.loaded, pages.loading]);
  if (!pages.loaded) return pages.fault ? <Failure fault={pages.fault} retry={() => void pages.retry()} /> : <Bones kind="row" count={5} />;
  if (pages.items.length === 0) return <Empty icon="search" title={`Nothing found for “${prefix}”`}><p>Try the beginning of a name or of a word.</p></Empty>;
  return (
    <>
      {users.length > 0 && (
        <section aria-label="People">
          <h2 class="section-title">People</h2>
          <ul class="rows">
            {users.map((user) => (
              <li key={user.id}>
                <a class="row" href={`/u/${user.name}`}><Avatar user={user} /><span class="names"><strong>{user.name}</strong>{user.displayName && <span>{user.displayName}</span>}</span></a>
              </li>
            ))}
          </ul>
        </section>
      )}
      {posts.length > 0 && (
        <section aria-label="Posts">
          <h2 class="section-title">Posts</h2>
          <div class="grid">{posts.map((post) => <Tile key={post.id} post={post} />)}</div>
        </section>
      )}
      <ListEnd pages={pages} what="results" />
    </>
  );
}
