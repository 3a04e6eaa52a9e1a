'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { as, call, clients, grpc, newMedia, newUser, unique, user } = require('./mesh');

test('a 64-bit id keeps all its digits as a string', async () => {
  const created = await newUser();
  assert.equal(typeof created.id, 'string');
  assert.ok(BigInt(created.id) > BigInt(Number.MAX_SAFE_INTEGER), `${created.id} would fit a double`);

  const { response } = await call(clients.graph(), 'getUser', { user_id: created.id }, user(created.id));

  assert.equal(response.user.id, created.id);
  assert.equal(response.user.name, created.name);
});

test('ids come sorted, distinct, and decode to their shard', async () => {
  const { response } = await call(clients.ids(), 'next', { shard: 8191, count: 1000 }, as('service:shop'));

  assert.equal(new Set(response.ids).size, 1000);
  assert.deepEqual(response.ids, response.ids.toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)));
  const decoded = (await call(clients.ids(), 'decode', { id: response.ids[999] }, as('service:shop'))).response;
  assert.equal(decoded.shard, 8191);
});

test('a write sends a token, and a read with it sees the write', async () => {
  const owner = await newUser();
  const { response, trailers } = await newMedia(owner.id, 'first');
  const [token] = trailers.get('insta-lsn');
  assert.match(token, /^[a-z0-9-]{1,32}=\d+\/[0-9A-F]+\/[0-9A-F]+(,|$)/);

  const media = clients.media();
  for (let i = 0; i < 10; i++) {
    const comment = { media_id: response.media.id, text: `comment ${i}`, request_id: unique('c') };
    const written = await call(media, 'addComment', comment, user(owner.id));
    const metadata = user(owner.id, { 'insta-lsn': written.trailers.get('insta-lsn')[0] });

    const read = await call(media, 'listComments', { media_id: response.media.id, page_size: 1 }, metadata);

    assert.equal(read.response.comments[0].id, written.response.comment.id);
  }
});

test('a repeated request_id gives the first answer again', async () => {
  const owner = await newUser();
  const request = { caption: 'once', request_id: unique('once') };

  const first = await call(clients.media(), 'createMedia', request, user(owner.id));
  const second = await call(clients.media(), 'createMedia', request, user(owner.id));

  assert.equal(second.response.media.id, first.response.media.id);
  const { response } = await call(clients.media(), 'listByUser', { user_id: owner.id }, user(owner.id));
  assert.equal(response.media.length, 1);
});

test('a list is walked page by page', async () => {
  const owner = await newUser();
  const { response: { media: post } } = await newMedia(owner.id);
  const media = clients.media();
  let token;
  for (let i = 0; i < 5; i++) {
    const { trailers } = await call(media, 'addComment', { media_id: post.id, text: `${i}`, request_id: unique('c') }, user(owner.id));
    [token] = trailers.get('insta-lsn');
  }

  const texts = [];
  let page_token = '';
  do {
    const metadata = user(owner.id, { 'insta-lsn': token });
    const { response } = await call(media, 'listComments', { media_id: post.id, page_size: 2, page_token }, metadata);
    texts.push(...response.comments.map((comment) => comment.text));
    page_token = response.next_page_token;
  } while (page_token !== '');

  assert.deepEqual(texts, ['4', '3', '2', '1', '0']);
});

test('a batch answers in the order of the request and leaves out what does not exist', async () => {
  const owner = await newUser();
  const posts = [];
  let token;
  for (let i = 0; i < 3; i++) {
    const { response, trailers } = await newMedia(owner.id, `post ${i}`);
    posts.unshift(response.media.id);
    [token] = trailers.get('insta-lsn');
  }

  const request = { media_ids: [posts[0], '1024', posts[1], posts[2]] };
  const { response } = await call(clients.media(), 'batchGetMedia', request, user(owner.id, { 'insta-lsn': token }));

  assert.deepEqual(response.media.map((item) => item.id), posts);
});

test('two hundred calls at once on one connection', async () => {
  const owner = await newUser();
  const { response: { media: post }, trailers } = await newMedia(owner.id, 'busy');
  const media = clients.media();
  const metadata = user(owner.id, { 'insta-lsn': trailers.get('insta-lsn')[0] });

  const answers = await Promise.all(Array.from({ length: 200 }, () => call(media, 'getMedia', { media_id: post.id }, metadata)));

  assert.ok(answers.every(({ response }) => response.media.caption === 'busy'));
});

test('a compressed request is read, and text of all planes comes back as it was', async () => {
  const owner = await newUser();
  const gzip = clients.media({ 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip });
  const caption = 'Grüße 👋 от 日本 '.repeat(60);

  const { response } = await call(gzip, 'createMedia', { caption, request_id: unique('gzip') }, user(owner.id));

  assert.equal(response.media.caption, caption);
});
