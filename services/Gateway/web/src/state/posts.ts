// The one copy of each post that the screens share: a like on one is seen on all of them.

import { useLayoutEffect, useReducer } from "preact/hooks";
import { app } from "../api/client.ts";
import { faultOf } from "../api/errors.ts";
import type { Post } from "../api/model.ts";
import { onSession } from "../api/session.ts";
import { isFresh } from "./fresh.ts";
import { notify } from "./notices.ts";

interface Entry {
  post: Post;
  /** What the server has been told last, or will have been when the call under way ends well. */
  told: boolean;
  telling: boolean;
  /** When this browser last changed a count, by performance.now. */
  changedAt: number;
}

const longAgo = -Infinity;
const entries = new Map<string, Entry>();
const listeners = new Map<string, Set<() => void>>();
const watchers = new Set<(id: string) => void>();
onSession(() => entries.clear());

export function keep(posts: readonly Post[]): void {
  for (const post of posts) {
    const entry = entries.get(post.id);
    if (entry === undefined) {
      entries.set(post.id, { post, told: post.liked, telling: false, changedAt: longAgo });
      draw(post.id);
      continue;
    }
    if (entry.telling || isFresh(entry.changedAt)) {
      const { likes, comments, liked } = entry.post;
      change(entry, { ...post, likes, comments, liked });
    } else {
      entry.told = post.liked;
      change(entry, post);
    }
  }
}

export const postOf = (id: string): Post | null => entries.get(id)?.post ?? null;

/** The post as it is now; null where it is not known or was deleted. */
export function usePost(id: string): Post | null {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  // Not an ordinary effect, for the reason that useChanges gives.
  useLayoutEffect(() => {
    const listener = redraw as () => void;
    const own = listeners.get(id) ?? new Set();
    listeners.set(id, own.add(listener));
    return () => {
      own.delete(listener);
      if (own.size === 0 && listeners.get(id) === own) listeners.delete(id);
    };
  }, [id]);
  return postOf(id);
}

/** Shown at once; taken back, with a message, if the server does not take it. */
export function like(id: string, liked: boolean): void {
  const entry = entries.get(id);
  if (entry === undefined || entry.post.liked === liked) return;
  show(entry, liked);
  void tell(entry);
}

/** One call at a time: the last of several quick changes of mind is what counts. */
async function tell(entry: Entry): Promise<void> {
  if (entry.telling) return;
  entry.telling = true;
  try {
    while (entry.told !== entry.post.liked) {
      const liked = entry.post.liked;
      await (liked ? app.like({ mediaId: entry.post.id }) : app.unlike({ mediaId: entry.post.id }));
      entry.told = liked;
      entry.changedAt = performance.now();
    }
  } catch (reason) {
    const wanted = entry.post.liked;
    const fault = faultOf(reason);
    show(entry, entry.told);
    notify(`${wanted ? "Your like was not saved." : "Your like was not removed."} ${fault.message}`, {
      kind: "error",
      // What the server has understood and refused, it refuses again.
      ...(fault.kind === "refused" || fault.kind === "missing" ? {} : { action: { label: "Try again", run: () => like(entry.post.id, wanted) } }),
    });
  } finally {
    entry.telling = false;
  }
}

function show(entry: Entry, liked: boolean): void {
  if (entry.post.liked === liked) return;
  const likes = entry.post.likes + (liked ? 1n : -1n);
  change(entry, { ...entry.post, liked, likes: likes < 0n ? 0n : likes });
}

export function commentsChanged(id: string, by: bigint): void {
  const entry = entries.get(id);
  if (entry === undefined) return;
  entry.changedAt = performance.now();
  const comments = entry.post.comments + by;
  change(entry, { ...entry.post, comments: comments < 0n ? 0n : comments });
}

/** No screen shows it any longer. */
export function forget(id: string): void {
  entries.delete(id);
  draw(id);
  for (const watcher of watchers) watcher(id);
}

export function onForgotten(watcher: (id: string) => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

function change(entry: Entry, post: Post): void {
  entry.post = post;
  draw(post.id);
}

function draw(id: string): void {
  for (const listener of listeners.get(id) ?? []) listener();
}
