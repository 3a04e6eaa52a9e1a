'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { admin, as, call, clients, grpc, newMedia, newUser, refused, unique, user, violations } = require('./mesh');

test('INVALID_ARGUMENT names the field, in the message and in the details', async () => {
  for (const media_id of ['0', '-1', '-9223372036854775808']) {
    const error = await refused('INVALID_ARGUMENT', call(clients.media(), 'getMedia', { media_id }, user(7)));

    const [violation] = violations(error);
    assert.equal(violation.field, 'media_id');
    assert.match(error.details, /media_id/);
    assert.ok(violation.description.length > 0);
  }
});

test('INVALID_ARGUMENT for text that is too long, pages out of range and tokens made up by the caller', async () => {
  const owner = await newUser();
  const { response: { media: post } } = await newMedia(owner.id);
  const media = clients.media();
  const refusals = {
    caption: () => call(media, 'createMedia', { caption: 'x'.repeat(2201), request_id: unique('r') }, user(owner.id)),
    text: () => call(media, 'addComment', { media_id: post.id, text: 'x'.repeat(2201), request_id: unique('r') }, user(owner.id)),
    page_size: () => call(media, 'listComments', { media_id: post.id, page_size: 101 }, user(owner.id)),
    page_token: () => call(media, 'listComments', { media_id: post.id, page_token: 'made up' }, user(owner.id)),
    request_id: () => call(media, 'createMedia', { caption: 'no id' }, user(owner.id)),
    name: () => call(clients.graph(), 'createUser', { name: 'No Capitals!', request_id: unique('r') }, admin()),
    shard: () => call(clients.ids(), 'next', { shard: 8192 }, as('service:shop')),
    count: () => call(clients.ids(), 'next', { shard: 1, count: 65537 }, as('service:shop')),
  };
  for (const [field, attempt] of Object.entries(refusals)) {
    assert.equal(violations(await refused('INVALID_ARGUMENT', attempt()))[0].field, field);
  }
});

test('INVALID_ARGUMENT for metadata that cannot be read', async () => {
  const unreadable = { 'insta-lsn': 'yesterday', 'insta-max-stale-ms': '-1', 'insta-epoch': 'x', 'insta-caller': 'somebody' };
  for (const [name, value] of Object.entries(unreadable)) {
    const error = await refused('INVALID_ARGUMENT', call(clients.media(), 'getMedia', { media_id: '7' }, user(7, { [name]: value })));
    assert.equal(violations(error)[0].field, name);
  }
});

test('NOT_FOUND, twice, because an absence is cached too', async () => {
  const owner = await newUser();
  for (let i = 0; i < 2; i++) {
    await refused('NOT_FOUND', call(clients.media(), 'getMedia', { media_id: (BigInt(owner.id) + 1n).toString() }, user(owner.id)));
  }
});

test('ALREADY_EXISTS for a name that is taken', async () => {
  const owner = await newUser();
  await refused('ALREADY_EXISTS', call(clients.graph(), 'createUser', { name: owner.name, request_id: unique('again') }, admin()));
});

test('UNAUTHENTICATED without a caller', async () => {
  await refused('UNAUTHENTICATED', call(clients.media(), 'getMedia', { media_id: '7' }));
});

test('PERMISSION_DENIED for a caller who is not allowed, and for the post of another', async () => {
  await refused('PERMISSION_DENIED', call(clients.media(), 'createMedia', { request_id: unique('r') }, as('service:shop')));

  const [owner, other] = [await newUser(), await newUser()];
  const { response: { media: post } } = await newMedia(owner.id);
  await refused('PERMISSION_DENIED', call(clients.media(), 'deleteMedia', { media_id: post.id }, user(other.id)));
});

test('UNIMPLEMENTED for a method that is not there yet, unary and streaming, and for one that never was', async () => {
  await refused('UNIMPLEMENTED', call(clients.shardMap(), 'addNode', { name: 'n9', region: 'local' }, admin()));

  await refused('UNIMPLEMENTED', new Promise((resolve, reject) => {
    const moving = clients.shardMap().move({ to_node: 'n9' }, admin(), { deadline: Date.now() + 30_000 });
    moving.on('error', reject);
    moving.on('data', resolve);
    moving.on('end', resolve);
  }));

  const bytes = (value) => value;
  await refused('UNIMPLEMENTED', new Promise((resolve, reject) => clients.media().makeUnaryRequest(
    '/insta.media.v1.MediaService/Develop', bytes, bytes, Buffer.alloc(0), user(7), { deadline: Date.now() + 30_000 },
    (error, response) => (error ? reject(error) : resolve(response)))));
});

test('DEADLINE_EXCEEDED when the time is over', async () => {
  await refused('DEADLINE_EXCEEDED', call(clients.media(), 'getMedia', { media_id: '7' }, user(7), { deadline: Date.now() - 1 }));

  const watch = clients.shardMap().watch({ from_epoch: '0' }, as('service:shop'), { deadline: Date.now() + 3_000 });
  let messages = 0;
  const error = await new Promise((resolve, reject) => {
    watch.on('data', () => { messages++; });
    watch.on('error', resolve);
    watch.on('end', () => reject(new Error('the stream ended without an error')));
  });
  assert.equal(grpc.status[error.code], 'DEADLINE_EXCEEDED', error.message);
  assert.ok(messages > 0, 'nothing had come before');
});
