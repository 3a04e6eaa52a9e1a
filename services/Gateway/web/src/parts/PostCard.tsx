import { useRef, useState } from "preact/hooks";
import { app } from "../api/client.ts";
import { faultOf } from "../api/errors.ts";
import { userOf } from "../api/model.ts";
import { session, setUser } from "../api/session.ts";
import { notify, say } from "../state/notices.ts";
import { forget, like, postOf as currentPost, usePost } from "../state/posts.ts";
import { Ago, counted } from "./time.tsx";
import { Avatar } from "./Avatar.tsx";
import { confirmed } from "./Confirm.tsx";
import { Icon } from "./Icon.tsx";
import { PhotoFrame } from "./PhotoFrame.tsx";
import { RichText } from "./RichText.tsx";

/** A post in a feed. */
export function PostCard({ id, eager = false }: { id: string; eager?: boolean }) {
  const post = usePost(id);
  if (post === null) return null;
  return (
    <article class="post" aria-label={`Post by ${post.author.name}`}>
      <PostHead id={id} />
      <Picture id={id} eager={eager} />
      <PostActions id={id} />
      {post.photos.length > 0 && post.caption && <Caption name={post.author.name} text={post.caption} />}
      {post.comments > 0n && (
        <a class="more-comments" href={`/p/${id}`}>
          {post.comments === 1n ? "View 1 comment" : `View all ${counted(post.comments, "comment", "comments")}`}
        </a>
      )}
    </article>
  );
}

export function PostHead({ id }: { id: string }) {
  const post = usePost(id);
  if (post === null) return null;
  const { author } = post;
  return (
    <header class="post-head">
      <a href={`/u/${author.name}`} class="who">
        <Avatar user={author} size="s" />
        <span class="names"><strong>{author.name}</strong>{author.displayName && <span>{author.displayName}</span>}</span>
      </a>
      <a class="when" href={`/p/${id}`}><span class="visually-hidden">Posted </span><Ago time={post.createdAt} /></a>
    </header>
  );
}

/** The photos; two taps like them. Posts without photos show their words large. */
export function Picture({ id, eager = false, whole = false }: { id: string; eager?: boolean; whole?: boolean }) {
  const post = usePost(id);
  const [burst, setBurst] = useState(0);
  const tapped = useRef(0);
  if (post === null) return null;
  const tap = (event: MouseEvent) => {
    if ((event.target as Element).closest("button, a")) return;
    const twice = event.timeStamp - tapped.current < 350;
    tapped.current = twice ? 0 : event.timeStamp;
    if (!twice) return;
    like(id, true);
    setBurst((count) => count + 1);
  };
  return (
    // What two taps do, the button below does for keyboards and screen readers.
    <div class="picture" onClick={tap}>
      {post.photos.length > 0 ? <PhotoFrame post={post} eager={eager} whole={whole} /> : <p class="poster"><RichText text={post.caption} /></p>}
      {burst > 0 && <span key={burst} class="burst"><Icon name="heart" filled /></span>}
    </div>
  );
}

export function PostActions({ id, onComment }: { id: string; onComment?: () => void }) {
  const post = usePost(id);
  if (post === null) return null;
  const own = post.author.id === session()?.user.id;
  const toggle = () => {
    // Not by what was drawn last: two touches may come before the next drawing.
    const liked = !currentPost(id)?.liked;
    like(id, liked);
    say(liked ? "Liked" : "Like removed");
  };
  return (
    <div class="actions">
      <button type="button" class={post.liked ? "icon-button liked" : "icon-button"} aria-pressed={post.liked} onClick={toggle}>
        <Icon name="heart" filled={post.liked} /><span class="visually-hidden">Like</span>
      </button>
      {onComment
        ? <button type="button" class="icon-button" onClick={onComment}><Icon name="comment" /><span class="visually-hidden">Comment</span></button>
        : <a class="icon-button" href={`/p/${id}?comment`}><Icon name="comment" /><span class="visually-hidden">Comment</span></a>}
      <button type="button" class="icon-button" onClick={() => void share(id)}><Icon name="link" /><span class="visually-hidden">Copy link</span></button>
      {own && onComment && post.photos.length > 0 && (
        <button type="button" class="icon-button" onClick={() => void wear(id)}><Icon name="person" /><span class="visually-hidden">Use as profile photo</span></button>
      )}
      {own && <button type="button" class="icon-button" onClick={() => void remove(id)}><Icon name="bin" /><span class="visually-hidden">Delete post</span></button>}
      <span class="likes">{post.likes > 0n ? counted(post.likes, "like", "likes") : ""}</span>
    </div>
  );
}

/** Long ones begin with their first lines. */
export function Caption({ name, text }: { name: string; text: string }) {
  const long = text.length > 160 || text.split("\n").length > 3;
  const [open, setOpen] = useState(!long);
  return (
    <p class="caption">
      <a class="name" href={`/u/${name}`}>{name}</a>{" "}
      <RichText text={open ? text : `${text.split("\n").slice(0, 3).join("\n").slice(0, 140).trimEnd()}… `} />
      {!open && <button type="button" class="text-button" onClick={() => setOpen(true)}>more</button>}
    </p>
  );
}

async function share(id: string): Promise<void> {
  const url = `${location.origin}/p/${id}`;
  try {
    await navigator.clipboard.writeText(url);
    notify("Link copied.");
  } catch {
    notify(url);
  }
}

async function wear(id: string): Promise<void> {
  try {
    const { user } = await app.setAvatar({ mediaId: id, index: 0 });
    setUser(userOf(user));
    notify("This is your profile photo now.");
  } catch (reason) {
    notify(`Your profile photo was not changed. ${faultOf(reason).message}`, { kind: "error" });
  }
}

async function remove(id: string): Promise<void> {
  if (!(await confirmed("Delete this post?", "Its photos, likes and comments go with it.", "Delete"))) return;
  try {
    await app.deletePost({ mediaId: id });
    forget(id);
    notify("Post deleted.");
  } catch (reason) {
    notify(`The post was not deleted. ${faultOf(reason).message}`, { kind: "error" });
  }
}
