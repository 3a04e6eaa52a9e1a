'use strict';

const test = require('node:test');
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

test('a stream is refused like a call', async () => {
  await refused('UNAUTHENTICATED', take(clients.shardMap().watch({ from_epoch: '0' }, as(null), watching()), () => false));
  await refused('PERMISSION_DENIED', take(clients.shardMap().watch({ from_epoch: '0' }, user(7), watching()), () => false));
  await refused('INVALID_ARGUMENT', take(clients.invalidator().watchDrops({ node: 'No Node' }, service(), watching()), () => false));
});
