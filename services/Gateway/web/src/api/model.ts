// What the screens show, made from the contracts' messages. Ids stay strings and counts bigint: a double would lose their last digits.

import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import type { AppComment, AppPost } from "../gen/insta/app/v1/app_pb.ts";
import type { User as UserMessage } from "../gen/insta/graph/v1/graph_pb.ts";
import type { Media } from "../gen/insta/media/v1/media_pb.ts";

export interface User {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  /** The photo's hash; empty: no avatar. */
  readonly avatar: string;
}

export interface Photo {
  readonly mediaId: string;
  readonly index: number;
  readonly hash: string;
  readonly width: number;
  readonly height: number;
}

export interface Post {
  readonly id: string;
  readonly author: User;
  readonly caption: string;
  readonly photos: readonly Photo[];
  readonly createdAt: Date;
  readonly likes: bigint;
  readonly comments: bigint;
  readonly liked: boolean;
}

export interface Comment {
  readonly id: string;
  readonly author: User;
  readonly text: string;
  readonly createdAt: Date;
}

export type Variant = "thumb" | "small" | "medium" | "large";

/** Pixels wide; a thumb is square, the others as high as the photo wants. */
export const widths = { thumb: 150, small: 320, medium: 640, large: 1080 } as const satisfies Record<Variant, number>;

export const photoUrl = (photo: Photo, variant: Variant): string => `/media/${photo.mediaId}/${photo.index}/${photo.hash}/${variant}`;

export const avatarUrl = (user: User): string => `/media/${user.id}/0/${user.avatar}/avatar`;

const nobody: User = { id: "0", name: "deleted", displayName: "", avatar: "" };

export function userOf(message: UserMessage | undefined): User {
  return message ? { id: message.id, name: message.name, displayName: message.displayName, avatar: message.avatarBlobId } : nobody;
}

export function photosOf(media: Media | undefined): Photo[] {
  return (media?.photos ?? []).map((photo, index) => ({
    mediaId: media!.id, index, hash: photo.blobId, width: photo.width || 1, height: photo.height || 1,
  }));
}

export function postOf(message: AppPost): Post {
  const { media, counts } = message;
  return {
    id: media?.id ?? "0",
    author: userOf(message.author),
    caption: media?.caption ?? "",
    photos: photosOf(media),
    createdAt: dateOf(media?.createdAt),
    likes: BigInt(counts?.likes ?? "0"),
    comments: BigInt(counts?.comments ?? "0"),
    liked: message.liked,
  };
}

export function commentOf(message: AppComment): Comment {
  return {
    id: message.comment?.id ?? "0",
    author: userOf(message.author),
    text: message.comment?.text ?? "",
    createdAt: dateOf(message.comment?.createdAt),
  };
}

export const dateOf = (time: Timestamp | undefined): Date => (time ? timestampDate(time) : new Date(0));
