import { useRef, useState } from "preact/hooks";
import { photoUrl, widths, type Photo, type Post, type Variant } from "../api/model.ts";
import { Icon } from "./Icon.tsx";

const variants: readonly Variant[] = ["small", "medium", "large"];

/** No wider than 1.91:1 and no taller than 4:5: what sticks out is not shown in a feed. */
const shapeOf = (photo: Photo): number => Math.min(1.91, Math.max(0.8, photo.width / photo.height));

export function altOf(post: Pick<Post, "author" | "caption">, index = 0, count = 1): string {
  const which = count > 1 ? `Photo ${index + 1} of ${count}` : "Photo";
  return post.caption ? `${which} by ${post.author.name}: ${post.caption}` : `${which} by ${post.author.name}`;
}

/** A post's photos, one beside the other, with room kept for them before they have come. */
export function PhotoFrame({ post, eager = false, whole = false }: { post: Post; eager?: boolean; whole?: boolean }) {
  const strip = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState(0);
  const { photos } = post;
  const shape = whole && photos.length === 1 ? photos[0]!.width / photos[0]!.height : shapeOf(photos[0]!);
  const turnTo = (index: number) => strip.current?.scrollTo({ left: index * strip.current.clientWidth, behavior: "smooth" });
  return (
    <div class="frame" style={{ aspectRatio: String(shape) }}>
      <div
        class="strip"
        ref={strip}
        role={photos.length > 1 ? "group" : undefined}
        aria-label={photos.length > 1 ? `${photos.length} photos` : undefined}
        tabIndex={photos.length > 1 ? 0 : undefined}
        onScroll={(event) => setShown(Math.round(event.currentTarget.scrollLeft / Math.max(1, event.currentTarget.clientWidth)))}
      >
        {photos.map((photo, index) => (
          <PostPhoto key={photo.hash + index} photo={photo} alt={altOf(post, index, photos.length)} eager={eager && index === 0} />
        ))}
      </div>
      {photos.length > 1 && (
        <>
          {shown > 0 && <button type="button" class="turn left" onClick={() => turnTo(shown - 1)}><Icon name="back" /><span class="visually-hidden">Previous photo</span></button>}
          {shown < photos.length - 1 && <button type="button" class="turn right" onClick={() => turnTo(shown + 1)}><Icon name="next" /><span class="visually-hidden">Next photo</span></button>}
          <div class="dots" aria-hidden="true">{photos.map((photo, index) => <i key={photo.hash + index} class={index === shown ? "on" : ""} />)}</div>
        </>
      )}
    </div>
  );
}

function PostPhoto({ photo, alt, eager }: { photo: Photo; alt: string; eager: boolean }) {
  const [state, setState] = useState<"coming" | "there" | "failed">("coming");
  if (state === "failed") {
    return (
      <div class="photo failed">
        <Icon name="photo" />
        <p>This photo did not load.</p>
        <button type="button" class="button quiet" onClick={() => setState("coming")}>Try again</button>
      </div>
    );
  }
  return (
    <img
      class={state === "there" ? "photo there" : "photo"}
      src={photoUrl(photo, "medium")}
      srcSet={variants.map((variant) => `${photoUrl(photo, variant)} ${widths[variant]}w`).join(", ")}
      sizes="(min-width: 640px) 560px, 100vw"
      width={photo.width}
      height={photo.height}
      alt={alt}
      loading={eager ? "eager" : "lazy"}
      fetchPriority={eager ? "high" : "auto"}
      decoding="async"
      onLoad={() => setState("there")}
      onError={() => setState("failed")}
    />
  );
}

/** One square of a grid; the words themselves where a post has no photo. */
export function Tile({ post, eager = false }: { post: Post; eager?: boolean }) {
  const photo = post.photos[0];
  return (
    <a class="tile" href={`/p/${post.id}`} aria-label={altOf(post, 0, 1)}>
      {photo
        ? (
          <img
            src={photoUrl(photo, "small")}
            srcSet={`${photoUrl(photo, "small")} ${widths.small}w, ${photoUrl(photo, "medium")} ${widths.medium}w`}
            sizes="(min-width: 960px) 300px, 33vw"
            width={photo.width}
            height={photo.height}
            alt=""
            loading={eager ? "eager" : "lazy"}
            decoding="async"
          />
        )
        : <span class="words">{post.caption}</span>}
      {post.photos.length > 1 && <span class="badge"><Icon name="stack" /></span>}
    </a>
  );
}
