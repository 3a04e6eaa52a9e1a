import { useEffect, useRef, useState } from "preact/hooks";
import { app, requestId } from "../api/client.ts";
import { faultOf, type Fault } from "../api/errors.ts";
import { commentOf, postOf, type Comment } from "../api/model.ts";
import { session } from "../api/session.ts";
import { Avatar } from "../parts/Avatar.tsx";
import { Icon } from "../parts/Icon.tsx";
import { Failure, Bones, ListEnd } from "../parts/List.tsx";
import { Picture, PostActions, PostHead } from "../parts/PostCard.tsx";
import { RichText } from "../parts/RichText.tsx";
import { Screen } from "../parts/Screen.tsx";
import { Ago } from "../parts/time.tsx";
import { here, navigate } from "../router.ts";
import { notify, say } from "../state/notices.ts";
import { usePages, type Pages } from "../state/pages.ts";
import { commentsChanged, keep, onForgotten, usePost } from "../state/posts.ts";

const longest = 2_200;
const without = (items: readonly Comment[], id: string): readonly Comment[] => items.filter((item) => item.id !== id);

export function PostScreen({ id }: { id: string }) {
  const { returned, search } = here();
  const post = usePost(id);
  const field = useRef<HTMLTextAreaElement>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const run = new AbortController();
    setFault(null);
    app.getPost({ mediaId: id }, { signal: run.signal }).then(
      (answer) => answer.post && keep([postOf(answer.post)]),
      (reason) => {
        if (!run.signal.aborted) setFault(faultOf(reason));
      },
    );
    return () => run.abort();
  }, [id, attempt]);
  useEffect(() => onForgotten((gone) => {
    if (gone === id) navigate("/", { replace: true });
  }), [id]);
  useEffect(() => {
    if (search.has("comment")) field.current?.focus();
  }, [post === null]);
  const pages = usePages<Comment>(`comments ${id}`, !returned, async (pageToken, signal) => {
    const answer = await app.comments({ mediaId: id, pageToken, pageSize: 30 }, { signal });
    return { items: answer.comments.map(commentOf), next: answer.nextPageToken };
  });
  if (fault && (post === null || fault.kind === "missing")) {
    return <Screen title="Post" parent="/"><Failure fault={fault} retry={() => setAttempt((count) => count + 1)} /></Screen>;
  }
  if (post === null) return <Screen title="Post" parent="/"><Bones kind="post" count={1} /></Screen>;
  return (
    <Screen title={`Post by ${post.author.name}`} heading="Post" parent="/" wide>
      <article class="post single" aria-label={`Post by ${post.author.name}`}>
        <PostHead id={id} />
        <Picture id={id} eager whole />
        <PostActions id={id} onComment={() => field.current?.focus()} />
        <div class="talk">
          {post.photos.length > 0 && post.caption && (
            <div class="comment own"><Avatar user={post.author} size="s" /><div><p><a class="name" href={`/u/${post.author.name}`}>{post.author.name}</a> <RichText text={post.caption} /></p></div></div>
          )}
          <Comments id={id} pages={pages} authorId={post.author.id} />
        </div>
        <Composer id={id} pages={pages} field={field} />
      </article>
    </Screen>
  );
}

function Comments({ id, pages, authorId }: { id: string; pages: Pages<Comment>; authorId: string }) {
  const me = session()?.user.id;
  const remove = async (comment: Comment) => {
    const at = pages.items.indexOf(comment);
    pages.change((items) => without(items, comment.id));
    commentsChanged(id, -1n);
    try {
      await app.deleteComment({ mediaId: id, commentId: comment.id });
      // A page that was asked for between the click and the deletion has brought it back.
      pages.change((items) => without(items, comment.id));
      say("Comment deleted");
    } catch (reason) {
      pages.change((items) => [...without(items.slice(0, at), comment.id), comment, ...without(items.slice(at), comment.id)]);
      commentsChanged(id, 1n);
      notify(`The comment was not deleted. ${faultOf(reason).message}`, { kind: "error" });
    }
  };
  if (!pages.loaded) return pages.fault ? <Failure fault={pages.fault} retry={() => void pages.retry()} /> : <Bones kind="row" count={3} />;
  if (pages.items.length === 0) return <p class="no-comments">No comments yet.</p>;
  return (
    <>
      <h2 class="visually-hidden">Comments</h2>
      <ul class="comments">
        {pages.items.map((comment) => (
          <li key={comment.id} class={comment.id.startsWith("sending") ? "comment sending" : "comment"}>
            <Avatar user={comment.author} size="s" />
            <div>
              <p><a class="name" href={`/u/${comment.author.name}`}>{comment.author.name}</a> <RichText text={comment.text} /></p>
              <p class="fine">
                {comment.id.startsWith("sending") ? "Sending…" : <Ago time={comment.createdAt} />}
                {(comment.author.id === me || authorId === me) && !comment.id.startsWith("sending") && (
                  <button type="button" class="text-button" onClick={() => void remove(comment)}>Delete<span class="visually-hidden"> comment of {comment.author.name}</span></button>
                )}
              </p>
            </div>
          </li>
        ))}
      </ul>
      <ListEnd pages={pages} what="comments" />
    </>
  );
}

function Composer({ id, pages, field }: { id: string; pages: Pages<Comment>; field: { current: HTMLTextAreaElement | null } }) {
  const [text, setText] = useState("");
  const me = session()?.user;
  const send = async () => {
    const sent = text.trim();
    if (sent === "" || me === undefined) return;
    const request = requestId();
    const placeholder: Comment = { id: `sending ${request}`, author: me, text: sent, createdAt: new Date() };
    setText("");
    pages.change((items) => [placeholder, ...without(items, placeholder.id)]);
    commentsChanged(id, 1n);
    try {
      const answer = await app.comment({ mediaId: id, text: sent, requestId: request });
      const comment = answer.comment ? commentOf(answer.comment) : placeholder;
      // In the placeholder's place; first, where a page that came meanwhile knows neither.
      pages.change((items) => {
        const others = without(items, comment.id);
        return others.some((item) => item.id === placeholder.id)
          ? others.map((item) => (item.id === placeholder.id ? comment : item))
          : [comment, ...others];
      });
      say("Comment sent");
    } catch (reason) {
      pages.change((items) => without(items, placeholder.id));
      commentsChanged(id, -1n);
      setText((now) => now || sent);
      notify(`Your comment was not sent. ${faultOf(reason).message}`, { kind: "error" });
    }
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <label class="visually-hidden" for="comment">Add a comment</label>
      <textarea
        id="comment"
        ref={field}
        rows={1}
        maxLength={longest}
        placeholder="Add a comment…"
        value={text}
        data-autofocus
        onInput={(event) => {
          setText(event.currentTarget.value);
          event.currentTarget.style.height = "auto";
          event.currentTarget.style.height = `${event.currentTarget.scrollHeight}px`;
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            void send();
          }
        }}
      />
      <button class="send" disabled={text.trim() === ""}><Icon name="check" /><span>Send</span></button>
    </form>
  );
}
