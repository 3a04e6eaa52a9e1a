import { useState } from "preact/hooks";
import { app } from "../api/client.ts";
import { faultOf } from "../api/errors.ts";
import type { User } from "../api/model.ts";
import { notify, say } from "../state/notices.ts";

/** Shown as done at once; taken back, with a message, if the server does not take it. */
export function FollowButton({ user, followed, changed }: { user: User; followed: boolean; changed: (followed: boolean) => void }) {
  const [busy, setBusy] = useState(false);
  const toggle = async () => {
    const wanted = !followed;
    setBusy(true);
    changed(wanted);
    try {
      await (wanted ? app.follow({ userId: user.id }) : app.unfollow({ userId: user.id }));
      say(wanted ? `You follow ${user.name}` : `You no longer follow ${user.name}`);
    } catch (reason) {
      changed(!wanted);
      notify(`${wanted ? `You don’t follow ${user.name} yet.` : `You still follow ${user.name}.`} ${faultOf(reason).message}`, { kind: "error" });
    } finally {
      setBusy(false);
    }
  };
  return (
    <button type="button" class={followed ? "button quiet" : "button"} aria-busy={busy} onClick={() => !busy && void toggle()}>
      {followed ? "Following" : "Follow"}
    </button>
  );
}
