'use strict';

const test = require('node:test');
const zlib = require('node:zlib');
const assert = require('node:assert/strict');
const { as, call, clients, newMedia, newUser, refused, take, unique, user } = require('./mesh');

const service = () => as('service:shop');
const watching = () => ({ deadline: Date.now() + 60_000 });

test('the shard map is watched: first the whole of it', async () => {
  const [map] = await take(clients.shardMap().watch({ from_epoch: '0' }, service(), watching()), (messages) => messages.length === 1);

  assert.ok(BigInt(map.epoch) > 0n);
  const ranges = map.ranges.toSorted((a, b) => a.start - b.start);
  assert.equal(ranges[0].start, 0);
  assert.equal(ranges.at(-1).end, 8192);
  for (let i = 1; i < ranges.length; i++) assert.equal(ranges[i].start, ranges[i - 1].end);
  assert.deepEqual(new Set(ranges.map((range) => range.node)), new Set(map.nodes.map((node) => node.name)));
});

test('drops are watched: numbered without a gap, and a write brings its key', async () => {
  const owner = await newUser();
  const { response: { media: post } } = await newMedia(owner.id);
  const { response: place } = await call(clients.shardMap(), 'locate', { id: post.id }, service());
  let wrote = false;
  let before = 0;

  const stream = clients.invalidator().watchDrops({ node: place.primary }, service(), watching());
  const messages = await take(stream, (received) => {
    if (!wrote) {
      // The stream is open: what is written from now on comes through it.
      wrote = true;
      before = received.length;
      const comment = { media_id: post.id, text: 'drop', request_id: unique('c') };
      call(clients.media(), 'addComment', comment, user(owner.id)).catch((error) => stream.emit('error', error));
    }
    return received.slice(before).some((message) => message.key_hashes.length > 0);
  });

  messages.forEach((message, i) => assert.equal(message.sequence, `${i + 1}`));
  assert.ok(messages.every((message) => BigInt(message.owner) > 0n));
  const dropped = messages.find((message) => message.key_hashes.length > 0);
  assert.match(dropped.server, /^[^:]+:\d+$/);
  assert.equal(typeof dropped.key_hashes[0], 'string');
});

test('a photo is uploaded in parts, and one that is broken off leaves nothing', async () => {
  const owner = await newUser();
  const photo = png(64, 48);

  const stored = await new Promise((resolve, reject) => {
    const upload = clients.media().upload(user(owner.id), watching(), (error, message) => (error ? reject(error) : resolve(message)));
    for (let at = 0; at < photo.length; at += 40) upload.write({ chunk: photo.subarray(at, at + 40) });
    upload.end();
  });

  assert.match(stored.blob_id, /^[0-9a-f]{64}$/);
  assert.deepEqual([stored.width, stored.height], [64, 48]);
  const { response } = await call(
    clients.media(), 'createMedia', { blob_ids: [stored.blob_id], request_id: unique('post') }, user(owner.id));
  assert.equal(response.media.photos.length, 1);

  await refused('CANCELLED', new Promise((resolve, reject) => {
    const upload = clients.media().upload(user(owner.id), watching(), (error, message) => (error ? reject(error) : resolve(message)));
    upload.write({ chunk: photo.subarray(0, 40) }, () => upload.cancel());
  }));
  await refused('INVALID_ARGUMENT', new Promise((resolve, reject) => {
    const upload = clients.media().upload(user(owner.id), watching(), (error, message) => (error ? reject(error) : resolve(message)));
    upload.write({ chunk: photo.subarray(0, 40) });
    upload.end();
  }));
});

test('a stream is refused like a call', async () => {
  await refused('UNAUTHENTICATED', take(clients.shardMap().watch({ from_epoch: '0' }, as(null), watching()), () => false));
  await refused('PERMISSION_DENIED', take(clients.shardMap().watch({ from_epoch: '0' }, user(7), watching()), () => false));
  await refused('INVALID_ARGUMENT', take(clients.invalidator().watchDrops({ node: 'No Node' }, service(), watching()), () => false));
});

/** A grey photo; the noise keeps it from becoming a handful of bytes. */
function png(width, height) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const framed = Buffer.alloc(body.length + 8);
    framed.writeUInt32BE(data.length, 0);
    body.copy(framed, 4);
    framed.writeUInt32BE(zlib.crc32(body), body.length + 4);
    return framed;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) for (let x = 1; x <= width; x++) rows[y * (width + 1) + x] = (x * 31 + y * 17 + x * y) & 255;
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', header), chunk('IDAT', zlib.deflateSync(rows)), chunk('IEND', Buffer.alloc(0)),
  ]);
}
