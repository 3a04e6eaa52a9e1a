'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { call, clients, refused, take } = require('./mesh');

const services = { media: 'insta.media.v1.MediaService', graph: 'insta.graph.v1.GraphService', id: 'insta.id.v1.IdService' };

test('each service and the process say that they serve', async () => {
  for (const [name, service] of Object.entries(services)) {
    for (const asked of [service, '']) {
      const { response } = await call(clients.health(name), 'check', { service: asked });
      assert.equal(response.status, 'SERVING', `${service}, asked for "${asked}"`);
    }
  }
});

test('a service that is not here is NOT_FOUND, and watched it is SERVICE_UNKNOWN', async () => {
  await refused('NOT_FOUND', call(clients.health('media'), 'check', { service: 'insta.nothing.v1.NothingService' }));

  const stream = clients.health('media').watch({ service: 'insta.nothing.v1.NothingService' }, { deadline: Date.now() + 60_000 });
  const [message] = await take(stream, (messages) => messages.length === 1);
  assert.equal(message.status, 'SERVICE_UNKNOWN');
});

test('health is watched', async () => {
  const stream = clients.health('media').watch({ service: services.media }, { deadline: Date.now() + 60_000 });
  const [message] = await take(stream, (messages) => messages.length === 1);
  assert.equal(message.status, 'SERVING');
});

test('health is listed', async () => {
  const { response } = await call(clients.health('media'), 'list', {});
  assert.equal(response.statuses[services.media].status, 'SERVING');
});
