// 64-bit numbers keep their last digits on every way: 2^53 + 1 is the first that a double cannot hold.

import assert from "node:assert/strict";
import { test } from "node:test";
import { create, fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { load } from "./sources.mjs";

const { AppPostSchema, LikeRequestSchema } = await load("gen/insta/app/v1/app_pb.ts");
const { postOf, photoUrl } = await load("api/model.ts");

for (const id of ["9007199254740993", "9223372036854775807", "1"]) {
  test(`${id} survives binary and JSON`, () => {
    const request = create(LikeRequestSchema, { mediaId: id });
    assert.equal(fromBinary(LikeRequestSchema, toBinary(LikeRequestSchema, request)).mediaId, id);
    assert.deepEqual(toJson(LikeRequestSchema, request), { mediaId: id });
    assert.equal(fromJson(LikeRequestSchema, { mediaId: id }).mediaId, id);
  });

  test(`${id} survives the way from a message to a screen`, () => {
    const message = create(AppPostSchema, {
      media: { id, ownerId: id, photos: [{ blobId: "ab", width: 4, height: 3 }] },
      counts: { mediaId: id, likes: id, comments: id },
      author: { id, name: "ada" },
    });
    const post = postOf(fromBinary(AppPostSchema, toBinary(AppPostSchema, message)));
    assert.equal(post.id, id);
    assert.equal(post.author.id, id);
    assert.equal(post.likes, BigInt(id));
    assert.equal(post.comments, BigInt(id));
    assert.equal(photoUrl(post.photos[0], "small"), `/media/${id}/0/ab/small`);
  });
}
