'use strict';

// The mesh as a stranger sees it: its public protos, addresses, and npm's gRPC client. INSTA_ENDPOINTS is the host:port of all services, or
// JSON, service -> host:port.

const { join } = require('node:path');
const { after } = require('node:test');
const assert = require('node:assert/strict');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');

const root = join(__dirname, '..', '..');
const protos = join(root, 'protos');
const publicProtos = join(root, 'shared', 'InstaGrpc.Mesh', 'Protos');
const endpoints = process.env.INSTA_ENDPOINTS ?? assert.fail('INSTA_ENDPOINTS is not set: host:port of the mesh');

// As docs/clients.md advises for JavaScript: 64-bit numbers as strings, because a double loses their last digits.
const load = { longs: String, enums: String, defaults: true, oneofs: true, keepCase: true };

const api = grpc.loadPackageDefinition(loader.loadSync(
  [
    ...['graph', 'id', 'invalidator', 'leasecache', 'media', 'shardmap'].map((name) => `insta/${name}/v1/${name}.proto`),
    'grpc/health/v1/health.proto', 'grpc/reflection/v1/reflection.proto', 'grpc/reflection/v1alpha/reflection.proto',
  ],
  { ...load, includeDirs: [protos, publicProtos] },
));

const rpc = protobuf.loadSync(join(publicProtos, 'google', 'rpc', 'status.proto'));
const Status = rpc.lookupType('google.rpc.Status');
const BadRequest = rpc.lookupType('google.rpc.BadRequest');

const open = [];
after(() => open.forEach((client) => client.close()));

function addressOf(service) {
  return endpoints.startsWith('{') ? JSON.parse(endpoints)[service] ?? assert.fail(`INSTA_ENDPOINTS has no ${service}`) : endpoints;
}

/** A client of a service, by the short name of its package. */
function client(Type, service, options = {}) {
  const made = new Type(addressOf(service), grpc.credentials.createInsecure(), options);
  open.push(made);
  return made;
}

const clients = {
  media: (options) => client(api.insta.media.v1.MediaService, 'media', options),
  graph: (options) => client(api.insta.graph.v1.GraphService, 'graph', options),
  ids: (options) => client(api.insta.id.v1.IdService, 'id', options),
  shardMap: (options) => client(api.insta.shardmap.v1.ShardMapService, 'shardmap', options),
  invalidator: (options) => client(api.insta.invalidator.v1.InvalidatorService, 'invalidator', options),
  leases: (options) => client(api.insta.leasecache.v1.LeaseCacheService, 'leasecache', options),
  health: (service) => client(api.grpc.health.v1.Health, service),
  reflection: (version, service) => client(api.grpc.reflection[version].ServerReflection, service),
};

/** Metadata of a caller, and more. */
function as(caller, more = {}) {
  const metadata = new grpc.Metadata();
  if (caller) metadata.set('insta-caller', caller);
  for (const [name, value] of Object.entries(more)) metadata.set(name, value);
  return metadata;
}

const user = (id, more) => as(`user:${id}`, more);
const admin = () => as('admin');

/**
 * A unary call: {response, headers, trailers}, or the ServiceError. Contracts have short deadlines, which a busy machine can miss: like an
 * app, it then asks again, for 30 s (all writes here carry a request_id), unless the caller gives a deadline of its own.
 */
async function call(on, method, request, metadata = as(null), options = null) {
  const until = Date.now() + 30_000;
  for (;;) {
    try {
      return await callOnce(on, method, request, metadata, options ?? { deadline: until });
    } catch (error) {
      if (options !== null || error.code !== grpc.status.DEADLINE_EXCEEDED || Date.now() >= until) throw error;
    }
  }
}

function callOnce(on, method, request, metadata, options) {
  return new Promise((resolve, reject) => {
    let headers;
    let response;
    const running = on[method](request, metadata, options, (error, message) => {
      if (error) reject(error);
      else response = message;
    });
    running.on('metadata', (received) => { headers = received; });
    // The last event: the answer has come before it.
    running.on('status', (status) => { if (status.code === grpc.status.OK) resolve({ response, headers, trailers: status.metadata }); });
  });
}

/** The ServiceError of a call that must fail with this code. */
async function refused(code, promise) {
  try {
    await promise;
  } catch (error) {
    assert.equal(grpc.status[error.code], code, error.message);
    return error;
  }
  return assert.fail(`${code} was expected, but the call succeeded`);
}

/** The violations of a google.rpc.BadRequest in a status: [{field, description}]. */
function violations(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  assert.ok(bytes, `no details beside: ${error.message}`);
  const status = Status.decode(bytes);
  assert.equal(status.code, error.code);
  const [detail] = status.details;
  assert.equal(detail.type_url ?? detail.typeUrl, 'type.googleapis.com/google.rpc.BadRequest');
  return BadRequest.toObject(BadRequest.decode(detail.value)).fieldViolations;
}

/** Reads a stream until enough messages have come, then cancels it; what came. Ends with the stream's error if it fails before. */
function take(stream, enough) {
  return new Promise((resolve, reject) => {
    const messages = [];
    stream.on('data', (message) => {
      messages.push(message);
      if (enough(messages)) stream.cancel();
    });
    stream.on('error', (error) => (error.code === grpc.status.CANCELLED && enough(messages) ? resolve(messages) : reject(error)));
    stream.on('end', () => {
      if (enough(messages)) resolve(messages);
      else reject(new Error(`the stream ended after ${messages.length} messages`));
    });
  });
}

let names = 0;
const unique = (hint) => `${hint}.${process.pid}.${names++}`;

async function newUser(hint = 'js') {
  const name = unique(hint);
  return (await call(clients.graph(), 'createUser', { name, display_name: 'Ada', request_id: name }, admin())).response.user;
}

async function newMedia(owner, caption = 'a caption') {
  return call(clients.media(), 'createMedia', { caption, request_id: unique('media') }, user(owner));
}

module.exports = { addressOf, admin, as, call, clients, grpc, load, newMedia, newUser, protobuf, refused, take, unique, user, violations };
