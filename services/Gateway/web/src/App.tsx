import { useEffect, useLayoutEffect, useReducer, useState } from "preact/hooks";
import { onSession, onUser, session } from "./api/session.ts";
import { Avatar } from "./parts/Avatar.tsx";
import { Icon, type IconName } from "./parts/Icon.tsx";
import { Empty } from "./parts/List.tsx";
import { Screen } from "./parts/Screen.tsx";
import { usePlace } from "./router.ts";
import { ActivityScreen, describe } from "./screens/ActivityScreen.tsx";
import { Compose } from "./screens/Compose.tsx";
import { Enter } from "./screens/Enter.tsx";
import { Home } from "./screens/Home.tsx";
import { PostScreen } from "./screens/PostScreen.tsx";
import { Profile } from "./screens/Profile.tsx";
import { Search } from "./screens/Search.tsx";
import { Settings } from "./screens/Settings.tsx";
import { onArrival, start, unread, useActivity } from "./state/activity.ts";
import { dismiss, notify, say, useNotice } from "./state/notices.ts";
import { useOnline } from "./state/online.ts";

export function App() {
  const [signedIn, setSignedIn] = useState(session() !== null);
  const place = usePlace();
  useLayoutEffect(() => onSession((next) => setSignedIn(next !== null)), []);
  useEffect(() => {
    start();
    return onArrival((activity) => {
      // The screen that lists them says it by itself.
      if (location.pathname !== "/activity") notify(describe(activity));
      else say(describe(activity));
    });
  }, []);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        document.querySelector<HTMLElement>("#main h1")?.focus();
      }}>Skip to content</a>
      {signedIn ? <div class="layout"><Nav path={place.path} /><Offline /><Current path={place.path} /></div> : <><Offline /><Enter /></>}
      <Toast />
      <p id="said" class="visually-hidden" role="status" />
    </>
  );
}

function Current({ path }: { path: string }) {
  const [, first, second] = path.split("/");
  if (path === "/" || first === "signin" || first === "signup") return <Home />;
  if (path === "/search") return <Search />;
  if (path === "/new") return <Compose />;
  if (path === "/activity") return <ActivityScreen />;
  if (path === "/settings") return <Settings />;
  if (first === "u" && second) return <Profile key={second} name={decode(second)} />;
  if (first === "p" && second && /^\d{1,19}$/.test(second)) return <PostScreen key={second} id={second} />;
  return (
    <Screen title="Not found" parent="/" heading="Not found">
      <Empty icon="search" title="There is no such page"><a class="button" href="/">Home</a></Empty>
    </Screen>
  );
}

function Nav({ path }: { path: string }) {
  useActivity(); // for the number of unread ones
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useLayoutEffect(() => onUser(draw as () => void), []);
  const me = session()?.user;
  const count = unread();
  const item = (to: string, icon: IconName, label: string, more?: string) => (
    <a href={to} aria-current={path === to ? "page" : undefined} aria-label={more && `${label}, ${more} new`}>
      <span class="nav-icon"><Icon name={icon} filled={path === to && icon !== "search" && icon !== "plus"} />{more && <span class="count" aria-hidden="true">{more}</span>}</span>
      <span class="nav-label">{label}</span>
    </a>
  );
  const own = me ? `/u/${me.name}` : "/";
  return (
    <>
      <header class={path === "/" ? "top" : "top inner"}><a class="brand" href="/"><img src="/icon.svg" alt="" width={28} height={28} /><span>InstaGrpc</span></a></header>
      <nav class="nav" aria-label="Main">
        {item("/", "home", "Home")}
        {item("/search", "search", "Search")}
        {item("/new", "plus", "New post")}
        {item("/activity", "heart", "Activity", count > 0 ? (count > 99 ? "99+" : String(count)) : undefined)}
        {me && (
          <a href={own} aria-current={path === own ? "page" : undefined}>
            <span class="nav-icon"><Avatar user={me} size="s" /></span><span class="nav-label">Profile</span>
          </a>
        )}
      </nav>
    </>
  );
}

function Offline() {
  const online = useOnline();
  // The region is there before its text, or some screen readers don't say it.
  return <div role="status" class="offline-region">{!online && <p class="offline"><Icon name="offline" />You are offline. What you see may be old.</p>}</div>;
}

function Toast() {
  const notice = useNotice();
  return (
    <div class="toasts" role={notice?.kind === "error" ? "alert" : "status"}>
      {notice && (
        <div class={`toast ${notice.kind}`} key={notice.id}>
          <span>{notice.text}</span>
          {notice.action && (
            <button type="button" class="text-button" onClick={() => {
              dismiss();
              notice.action!.run();
            }}>{notice.action.label}</button>
          )}
          <button type="button" class="icon-button" onClick={dismiss}><Icon name="close" /><span class="visually-hidden">Dismiss</span></button>
        </div>
      )}
    </div>
  );
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
