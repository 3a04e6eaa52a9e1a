'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { clients, password, refused, signUp, unique } = require('./app');

for (const [name, make] of Object.entries(clients)) {
  test(`${name}: signs up, posts, and reads the own post at once`, async () => {
    const client = make();
    const ada = await signUp(client);
    const { response, trailers } = await client.call('Post', { caption: 'Grüße 👋', requestId: unique('post') }, ada.metadata);
    assert.equal(response.post.author.name, ada.name);
    assert.ok(BigInt(response.post.media.id) > BigInt(Number.MAX_SAFE_INTEGER));
    assert.match(trailers['insta-lsn'], /^[a-z0-9-]+=\d+\/[0-9A-F]+\/[0-9A-F]+/);

    const profile = (await client.call('Profile', { name: ada.name }, { ...ada.metadata, 'insta-lsn': trailers['insta-lsn'] })).response;

    assert.deepEqual(profile.posts.map((post) => post.media.caption), ['Grüße 👋']);
    assert.equal(profile.posts[0].media.id, response.post.media.id);
  });

  test(`${name}: a refusal has its code and its message`, async () => {
    const client = make();
    const anonymous = await refused('UNAUTHENTICATED', client.call('Home', {}));
    assert.match(anonymous.message, /needs a caller/);
    const forged = await refused('UNAUTHENTICATED', client.call('Home', {}, { authorization: 'Bearer a.b.c' }));
    assert.match(forged.message, /not valid/);
    const ada = await signUp(client);
    const missing = await refused('NOT_FOUND', client.call('Profile', { name: unique('nobody') }, ada.metadata));
    assert.ok(missing.message.length > 'NOT_FOUND: '.length);
    const bad = await refused('INVALID_ARGUMENT', client.call('Home', { pageSize: -1 }, ada.metadata));
    assert.match(bad.message, /page_size/);
    assert.ok(bad.trailers['grpc-status-details-bin'], 'the details did not come through');
  });

  // In binary the official client sees a stream only when it has ended: an XMLHttpRequest shows partial text, but no partial bytes.
  if (name !== 'grpc-web, binary') test(`${name}: notifications come as they happen`, async () => {
    const client = make();
    const [ada, ben] = [await signUp(client), await signUp(client)];
    const { response } = await client.call('Post', { caption: 'look', requestId: unique('post') }, ada.metadata);
    const coming = client.watch('Notifications', {}, ada.metadata, (messages) => messages.length === 2);
    await client.call('Like', { mediaId: response.post.media.id }, ben.metadata);
    await client.call('Comment', { mediaId: response.post.media.id, text: 'nice', requestId: unique('comment') }, ben.metadata);

    const messages = await coming;

    assert.deepEqual(messages.map((message) => message.notification.kind).toSorted(), ['NOTIFICATION_KIND_COMMENT', 'NOTIFICATION_KIND_LIKE']);
    assert.ok(messages.every((message) => message.actor.name === ben.name && message.media.caption === 'look'));
  });

  test(`${name}: signs in, and continues the session`, async () => {
    const client = make();
    const ada = await signUp(client);
    const { response: { session } } = await client.call('SignIn', { name: ada.name, password });
    const next = (await client.call('Refresh', { refreshToken: session.refreshToken })).response.session;
    assert.notEqual(next.refreshToken, session.refreshToken);
    assert.equal(next.user.id, ada.user.id);
    await client.call('Home', {}, { authorization: `Bearer ${next.accessToken}` });
    const wrong = await refused('UNAUTHENTICATED', client.call('SignIn', { name: ada.name, password: 'wrong horse' }));
    const unknown = await refused('UNAUTHENTICATED', client.call('SignIn', { name: unique('nobody'), password }));
    assert.equal(wrong.message, unknown.message);
  });
}
