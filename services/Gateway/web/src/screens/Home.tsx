import { useEffect } from "preact/hooks";
import { app } from "../api/client.ts";
import { postOf } from "../api/model.ts";
import { Bones, Empty, Failure, ListEnd } from "../parts/List.tsx";
import { PostCard } from "../parts/PostCard.tsx";
import { Screen } from "../parts/Screen.tsx";
import { here } from "../router.ts";
import { usePages } from "../state/pages.ts";
import { keep, onForgotten } from "../state/posts.ts";

const pageSize = 10;

export function Home() {
  const { returned } = here();
  const pages = usePages("home", !returned, async (pageToken, signal) => {
    const answer = await app.home({ pageToken, pageSize }, { signal });
    const posts = answer.posts.map(postOf);
    keep(posts);
    return { items: posts.map(({ id }) => ({ id })), next: answer.nextPageToken };
  });
  useEffect(() => onForgotten((id) => pages.change((items) => items.filter((item) => item.id !== id))), [pages]);
  return (
    <Screen title="Home" hidden>
      {!pages.loaded && (pages.fault ? <Failure fault={pages.fault} retry={() => void pages.retry()} /> : <Bones kind="post" count={2} />)}
      {pages.loaded && pages.items.length === 0 && (
        <Empty icon="photo" title="Your feed is quiet">
          <p>Follow people, and what they post stands here.</p>
          <div class="choices"><a class="button" href="/search">Find people</a><a class="button quiet" href="/new">Post a photo</a></div>
        </Empty>
      )}
      <div class="feed" aria-busy={pages.loading}>
        {pages.items.map(({ id }, index) => <PostCard key={id} id={id} eager={index === 0} />)}
      </div>
      <ListEnd pages={pages} what="posts" />
      {pages.ended && pages.items.length > 0 && <p class="the-end">You have seen it all.</p>}
    </Screen>
  );
}
