import { useEffect } from "preact/hooks";
import { photoUrl } from "../api/model.ts";
import { Avatar } from "../parts/Avatar.tsx";
import { Bones, Empty } from "../parts/List.tsx";
import { Screen } from "../parts/Screen.tsx";
import { Ago } from "../parts/time.tsx";
import { markRead, useActivity, type Activity } from "../state/activity.ts";

const words = {
  like: "liked your post.", comment: "commented on your post.", follow: "follows you.", mention: "mentioned you.", other: "did something.",
} as const;
const states = { live: "Live", connecting: "Connecting", waiting: "Reconnecting" } as const;

export function ActivityScreen() {
  const { items, state } = useActivity();
  // Read when the screen is left: until then the new ones stay marked.
  useEffect(() => () => void markRead(), []);
  return (
    <Screen title="Activity" end={<span class={`live ${state}`} role="status">{states[state]}</span>}>
      {items.length === 0 && (state === "connecting"
        ? <Bones kind="row" count={4} />
        : <Empty icon="heart" title="Nothing yet"><p>Likes, comments and new followers appear here the moment they happen.</p></Empty>)}
      <ul class="rows activities">{items.map((item) => <Row key={item.id} item={item} />)}</ul>
    </Screen>
  );
}

function Row({ item }: { item: Activity }) {
  return (
    <li class={item.read ? "" : "new"}>
      <a class="row" href={item.mediaId ? `/p/${item.mediaId}` : `/u/${item.actor.name}`}>
        <Avatar user={item.actor} />
        <span class="what">
          {!item.read && <span class="visually-hidden">New: </span>}
          <strong>{item.actor.name}</strong> {words[item.kind]} <span class="fine"><Ago time={item.createdAt} /></span>
        </span>
        {item.photo && <img src={photoUrl(item.photo, "thumb")} width={44} height={44} alt="" loading="lazy" decoding="async" />}
      </a>
    </li>
  );
}

export const describe = (item: Activity): string => `${item.actor.name} ${words[item.kind]}`;
