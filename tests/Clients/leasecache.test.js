'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { as, call, clients, grpc, refused, unique, violations } = require('./mesh');

const on = (method, request) => call(clients.leases(), method, request, as('service:shop')).then(({ response }) => response);
const newKey = () => `shop/${unique('key')}`;

/** A lease on the key: asks until nobody else has it, for 30 s. */
async function lease(key) {
  const until = Date.now() + 30_000;
  for (;;) {
    const answer = await on('get', { key, wait_ms: 200 }).catch((error) => {
      if (error.code !== grpc.status.UNAVAILABLE) throw error;
      return { outcome: error.details };
    });
    if (answer.outcome === 'lease') return answer.lease;
    assert.ok(Date.now() < until, `no lease on ${key}, but ${answer.outcome}`);
  }
}

/** Fills the key; a lease that ended meanwhile, on a busy machine, is taken again. */
async function fill(key, content) {
  for (;;) {
    const { lease_token } = await lease(key);
    if ((await on('fill', { key, lease_token, ...content })).result === 'FILL_RESULT_FILLED') return;
  }
}

test('one caller gets the lease and fills; from then on it is a hit, until it is invalidated', async () => {
  const key = newKey();
  const value = Buffer.from([0, 1, 2, 255]);
  await fill(key, { value });

  const hit = await on('get', { key });
  assert.equal(hit.outcome, 'hit');
  assert.deepEqual(hit.hit.value, value);

  await on('invalidate', { keys: [key] });
  assert.equal((await on('get', { key })).outcome, 'lease');
});

test('of a hundred callers at once one gets the lease', async () => {
  const key = newKey();
  await fill(key, { value: Buffer.from('old') });
  await on('invalidate', { keys: [key] });

  const outcomes = (await Promise.all(Array.from({ length: 100 }, () => on('get', { key })))).map(({ outcome }) => outcome);

  assert.equal(outcomes.filter((outcome) => outcome === 'lease').length, 1);
  assert.equal(outcomes.filter((outcome) => outcome === 'busy').length, 99);
});

test('a fill from before an invalidation is lost', async () => {
  const key = newKey();
  const { lease_token, fence } = await lease(key);
  assert.equal(fence, 'primary');
  await on('invalidate', { keys: [key] });

  const { result } = await on('fill', { key, lease_token, value: Buffer.from('too old') });

  assert.equal(result, 'FILL_RESULT_LEASE_LOST');
  assert.notEqual((await on('get', { key })).outcome, 'hit');
});

test('an absence is cached too', async () => {
  const key = newKey();
  await fill(key, { absent: true });

  const { outcome, hit } = await on('get', { key });

  assert.equal(outcome, 'hit');
  assert.equal(hit.value, undefined);
});

test('what cannot be stored is refused before anything is sent', async () => {
  const key = newKey();
  const { lease_token } = await lease(key);
  const attempts = {
    value: () => on('fill', { key, lease_token, value: Buffer.alloc(1 << 20) }),
    lease_token: () => on('fill', { key, lease_token: Buffer.from('made up'), value: Buffer.alloc(1) }),
    key: () => on('get', { key: 'no namespace' }),
    wait_ms: () => on('get', { key, wait_ms: 1001 }),
    'keys[1]': () => on('invalidate', { keys: [key, ''] }),
  };
  for (const [field, attempt] of Object.entries(attempts)) {
    assert.equal(violations(await refused('INVALID_ARGUMENT', attempt()))[0].field, field);
  }
});
