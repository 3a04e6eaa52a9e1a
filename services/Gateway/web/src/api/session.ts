// Who is signed in, in all tabs of this browser. An access token lives for minutes; the refresh token buys the next pair and is then spent: using
// it twice looks like theft to the server and ends the session. So one refresh runs at a time, over all tabs.

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { AppService, type Session as Answer } from "../gen/insta/app/v1/app_pb.ts";
import { userOf, type User } from "./model.ts";
import { load, save } from "./storage.ts";

export interface Session {
  readonly accessToken: string;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly expiresAt: number;
  readonly refreshToken: string;
  readonly user: User;
}

const key = "insta.session";
// Renewed this long before its end, so that no call sets out with a token that expires on the way.
const margin = 30_000;

const anonymous = createClient(AppService, createGrpcWebTransport({ baseUrl: location.origin, defaultTimeoutMs: 12_000 }));
const listeners = new Set<(session: Session | null) => void>();
const userListeners = new Set<() => void>();
let current = load<Session>(key);
let renewing: Promise<Session> | null = null;

export const session = (): Session | null => current;

/** Told when another user is signed in, or nobody. */
export function onSession(listener: (session: Session | null) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export async function signUp(name: string, displayName: string, password: string, requestId: string): Promise<void> {
  accept((await anonymous.signUp({ name, displayName, password, requestId })).session);
}

export async function signIn(name: string, password: string): Promise<void> {
  accept((await anonymous.signIn({ name, password })).session);
}

/** What is told of the user has changed. */
export function setUser(user: User): void {
  if (current?.user.id !== user.id) return;
  set({ ...current, user });
  for (const listener of userListeners) listener();
}

export function onUser(listener: () => void): () => void {
  userListeners.add(listener);
  return () => userListeners.delete(listener);
}

export function signOut(): void {
  set(null);
}

/** A session whose access token is good for the next call. UNAUTHENTICATED where nobody is signed in, or the session has ended. */
export async function usable(): Promise<Session> {
  if (current === null) throw new ConnectError("Sign in first.", Code.Unauthenticated);
  return current.expiresAt - margin > Date.now() ? current : renew(current.accessToken);
}

/** Another session than the one of this access token, which is refused or about to expire. */
export function renew(spent: string): Promise<Session> {
  renewing ??= exclusively(() => renewOnce(spent)).finally(() => {
    renewing = null;
  });
  return renewing;
}

async function renewOnce(spent: string): Promise<Session> {
  // Another tab may have done it while this one waited for the lock.
  const stored = load<Session>(key) ?? current;
  if (stored === null) throw new ConnectError("Sign in first.", Code.Unauthenticated);
  if (stored.accessToken !== spent && stored.expiresAt - margin > Date.now()) {
    set(stored);
    return stored;
  }
  try {
    return accept((await anonymous.refresh({ refreshToken: stored.refreshToken })).session);
  } catch (reason) {
    const error = ConnectError.from(reason);
    if (error.code === Code.Unauthenticated || error.code === Code.InvalidArgument || error.code === Code.PermissionDenied) signOut();
    throw error;
  }
}

/** One at a time over all tabs, where the browser has locks (a page served without TLS from another host has none). */
function exclusively<T>(work: () => Promise<T>): Promise<T> {
  return "locks" in navigator ? navigator.locks.request("insta.refresh", work) : work();
}

function accept(answer: Answer | undefined): Session {
  if (!answer?.user) throw new ConnectError("The server answered without a session.", Code.Internal);
  const made = {
    accessToken: answer.accessToken,
    expiresAt: Date.now() + answer.expiresInSeconds * 1000,
    refreshToken: answer.refreshToken,
    user: userOf(answer.user),
  };
  set(made);
  return made;
}

function set(next: Session | null): void {
  const changed = current?.user.id !== next?.user.id;
  current = next;
  save(key, next);
  if (changed) for (const listener of listeners) listener(next);
}

// Signed out or in, or renewed, in another tab.
addEventListener("storage", (event) => {
  if (event.key !== key && event.key !== null) return;
  const next = load<Session>(key);
  const changed = current?.user.id !== next?.user.id;
  current = next;
  if (changed) for (const listener of listeners) listener(next);
});
