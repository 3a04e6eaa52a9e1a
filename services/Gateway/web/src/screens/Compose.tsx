import { useEffect, useRef, useState } from "preact/hooks";
import { app, requestId } from "../api/client.ts";
import { faultOf, isAbort } from "../api/errors.ts";
import { postOf } from "../api/model.ts";
import { upload } from "../api/upload.ts";
import { Icon } from "../parts/Icon.tsx";
import { Screen } from "../parts/Screen.tsx";
import { navigate } from "../router.ts";
import { notify, say } from "../state/notices.ts";
import { keep } from "../state/posts.ts";

const mostPhotos = 10;
const longest = 2_200;

interface Draft {
  readonly key: number;
  readonly file: File;
  readonly preview: string;
  readonly run: AbortController;
  readonly progress: number;
  readonly blobId: string | null;
  readonly fault: string | null;
}

let keys = 0;

/** Photos are sent while the caption is being written; the post is then a small call. */
export function Compose() {
  const [drafts, setDrafts] = useState<readonly Draft[]>([]);
  const [caption, setCaption] = useState("");
  const [posting, setPosting] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const [over, setOver] = useState(false);
  const request = useRef(requestId());
  const latest = useRef(drafts);
  latest.current = drafts;
  useEffect(() => () => latest.current.forEach(discard), []);

  const change = (key: number, changes: Partial<Draft>) =>
    setDrafts((now) => now.map((draft) => (draft.key === key ? { ...draft, ...changes } : draft)));

  const send = async (draft: Draft) => {
    change(draft.key, { fault: null, progress: 0 });
    try {
      const blobId = await upload(draft.file, (progress) => change(draft.key, { progress }), draft.run.signal);
      change(draft.key, { blobId, progress: 1 });
      say(`${draft.file.name} is uploaded`);
    } catch (reason) {
      if (!isAbort(reason, draft.run.signal)) change(draft.key, { fault: faultOf(reason).message });
    }
  };

  const add = (files: Iterable<File>) => {
    const free = mostPhotos - latest.current.length;
    const chosen = [...files].filter((file) => file.type === "" || file.type.startsWith("image/"));
    if (chosen.length > free) notify(`A post holds up to ${mostPhotos} photos.`);
    const added = chosen.slice(0, free).map((file): Draft => ({
      key: keys++, file, preview: URL.createObjectURL(file), run: new AbortController(), progress: 0, blobId: null, fault: null,
    }));
    setDrafts((now) => [...now, ...added]);
    added.forEach((draft) => void send(draft));
  };

  const remove = (draft: Draft) => {
    discard(draft);
    setDrafts((now) => now.filter((other) => other.key !== draft.key));
  };

  const ready = drafts.length > 0 && drafts.every((draft) => draft.blobId !== null);
  const post = async () => {
    setPosting(true);
    setFault(null);
    try {
      const answer = await app.post({ blobIds: drafts.map((draft) => draft.blobId!), caption: caption.trim(), requestId: request.current });
      if (answer.post) keep([postOf(answer.post)]);
      notify("Posted.");
      navigate(answer.post?.media ? `/p/${answer.post.media.id}` : "/", { replace: true });
    } catch (reason) {
      setFault(faultOf(reason).message);
      setPosting(false);
    }
  };

  return (
    <Screen title="New post">
      <form
        class={over ? "compose over" : "compose"}
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !posting) void post();
        }}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          add(event.dataTransfer?.files ?? []);
        }}
      >
        {drafts.length > 0 && (
          <ul class={drafts.length === 1 ? "drafts one" : "drafts"} aria-label="Photos">
            {drafts.map((draft) => <DraftPhoto key={draft.key} draft={draft} retry={() => void send(draft)} remove={() => remove(draft)} />)}
          </ul>
        )}
        {drafts.length < mostPhotos && (
          <label class={drafts.length === 0 ? "picker" : "picker small"}>
            <input
              type="file" class="visually-hidden" accept="image/jpeg,image/png,image/webp,image/heic,image/heif,image/*" multiple
              onChange={(event) => {
                add(event.currentTarget.files ?? []);
                event.currentTarget.value = "";
              }}
            />
            <Icon name="photo" />
            <strong>{drafts.length === 0 ? "Choose photos" : "Add another"}</strong>
            {drafts.length === 0 && <span>or drop them here · up to {mostPhotos}, 30 MB each</span>}
          </label>
        )}
        <div class="field">
          <label for="caption">Caption</label>
          <textarea id="caption" rows={3} maxLength={longest} value={caption} placeholder="What is it about?" onInput={(event) => setCaption(event.currentTarget.value)} />
          {caption.length > longest - 200 && <span class="fine">{longest - caption.length} left</span>}
        </div>
        {fault && <p class="form-fault" role="alert">{fault}</p>}
        <button class="button wide" disabled={!ready || posting}>
          {posting ? "Posting…" : drafts.some((draft) => draft.blobId === null && draft.fault === null) ? "Uploading…" : "Post"}
        </button>
      </form>
    </Screen>
  );
}

function DraftPhoto({ draft, retry, remove }: { draft: Draft; retry: () => void; remove: () => void }) {
  const [seen, setSeen] = useState(true);
  const percent = Math.round(draft.progress * 100);
  return (
    <li class="draft">
      {seen
        ? <img src={draft.preview} alt={`Preview of ${draft.file.name}`} onError={() => setSeen(false)} />
        // This browser can't show the format (HEIC in most): the server can.
        : <div class="unseen"><Icon name="photo" /><span>{draft.file.name}</span></div>}
      <button type="button" class="icon-button remove" onClick={remove}><Icon name="close" /><span class="visually-hidden">Remove {draft.file.name}</span></button>
      {draft.fault !== null
        ? <div class="draft-fault" role="alert"><span>{draft.fault}</span><button type="button" class="button small" onClick={retry}>Try again</button></div>
        : draft.blobId === null
          ? <progress max={100} value={percent} aria-label={`Upload of ${draft.file.name}`}>{percent} %</progress>
          : <span class="done"><Icon name="check" /><span class="visually-hidden">Uploaded</span></span>}
    </li>
  );
}

function discard(draft: Draft): void {
  draft.run.abort();
  URL.revokeObjectURL(draft.preview);
}
