// Notifications, live. One stream while the page can be seen: over HTTP/1.1 a browser has six connections to a host for all tabs together, and a
// hidden tab must not hold one. Coming back it goes on after the last one that it got, so each comes exactly once.

import { Code, ConnectError } from "@connectrpc/connect";
import { app } from "../api/client.ts";
import { dateOf, photosOf, userOf, type Photo, type User } from "../api/model.ts";
import { onSession, renew, session } from "../api/session.ts";
import { NotificationKind } from "../gen/insta/feed/v1/feed_pb.ts";
import type { NotificationsResponse } from "../gen/insta/app/v1/app_pb.ts";
import { Changes, useChanges } from "./changes.ts";

export interface Activity {
  readonly id: string;
  readonly kind: "like" | "comment" | "follow" | "mention" | "other";
  readonly actor: User;
  /** Null: it is about no post. */
  readonly mediaId: string | null;
  readonly photo: Photo | null;
  readonly createdAt: Date;
  readonly read: boolean;
}

const kinds = new Map<NotificationKind, Activity["kind"]>([
  [NotificationKind.LIKE, "like"], [NotificationKind.COMMENT, "comment"], [NotificationKind.FOLLOW, "follow"], [NotificationKind.MENTION, "mention"],
]);
const openAfter = 1_500;
const firstPause = 1_000;
const longestPause = 30_000;
const clocksApart = 2_000;
const most = 500;

/** Newest first. */
let items: readonly Activity[] = [];
let state: "connecting" | "live" | "waiting" = "connecting";
let last = 0n;
/** Since when something is news: what was kept while nobody looked is counted, not announced. By this machine's clock. */
let looking = Infinity;
let running: AbortController | null = null;
const changes = new Changes();
const arrivals = new Set<(activity: Activity) => void>();

onSession((next) => {
  stop();
  items = [];
  last = 0n;
  changes.happened();
  if (next !== null) start();
});
document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start()));
addEventListener("offline", stop);
addEventListener("online", start);

export function start(): void {
  if (running !== null || session() === null || document.hidden) return;
  running = new AbortController();
  looking = Date.now();
  void follow(running.signal);
}

function stop(): void {
  running?.abort();
  running = null;
}

async function follow(signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    set("connecting");
    const began = Date.now();
    const spent = session()?.accessToken;
    // Headers may come only with the first notification: a stream that has not failed by then is open.
    const open = setTimeout(() => set("live"), openAfter);
    try {
      for await (const message of app.notifications({ afterId: String(last) }, { signal, timeoutMs: 0, onHeader: () => set("live") })) {
        failures = 0;
        set("live");
        take(message);
      }
    } catch (reason) {
      clearTimeout(open);
      if (signal.aborted) return;
      const error = ConnectError.from(reason);
      if (error.code === Code.Unauthenticated) {
        if (session() === null) return;
        // The stream ends with its access token.
        const renewed = spent !== undefined && (await renew(spent).then(() => true, () => false));
        if (renewed && Date.now() - began > longestPause) continue;
      }
    }
    clearTimeout(open);
    if (Date.now() - began > longestPause) failures = 0;
    set("waiting");
    await pause(Math.min(longestPause, firstPause * 2 ** failures++) * (0.5 + Math.random() / 2), signal);
  }
}

function take(message: NotificationsResponse): void {
  const { notification } = message;
  if (!notification) return;
  const activity: Activity = {
    id: notification.id,
    kind: kinds.get(notification.kind) ?? "other",
    actor: userOf(message.actor),
    mediaId: notification.mediaId === "0" ? null : notification.mediaId,
    photo: photosOf(message.media)[0] ?? null,
    createdAt: dateOf(notification.createdAt),
    read: notification.read,
  };
  const id = BigInt(activity.id);
  if (id > last) last = id;
  if (items.some((item) => item.id === activity.id)) return;
  items = [activity, ...items].sort((left, right) => (BigInt(left.id) < BigInt(right.id) ? 1 : -1)).slice(0, most);
  changes.happened();
  if (!activity.read && activity.createdAt.getTime() > looking - clocksApart) for (const arrival of arrivals) arrival(activity);
}

/** All that have come so far are seen. */
export async function markRead(): Promise<void> {
  const newest = items[0];
  if (newest === undefined || items.every((item) => item.read)) return;
  items = items.map((item) => ({ ...item, read: true }));
  changes.happened();
  // Not worth a message: they are told to be unread once more, that is all.
  await app.markNotificationsRead({ upToId: newest.id }).catch(() => undefined);
}

export const unread = (): number => items.filter((item) => !item.read).length;

export function useActivity(): { items: readonly Activity[]; state: typeof state } {
  useChanges(changes);
  return { items, state };
}

/** Told of each new one as it comes. */
export function onArrival(arrival: (activity: Activity) => void): () => void {
  arrivals.add(arrival);
  return () => arrivals.delete(arrival);
}

function set(next: typeof state): void {
  if (state === next) return;
  state = next;
  changes.happened();
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
