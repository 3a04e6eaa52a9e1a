'use strict';

// AppService as phones and browsers see it, by three clients that we did not write, behind one face: {call(method, request, metadata), watch}.
// INSTA_WEB is the host:port of the gateway's web listener.

const { execFileSync } = require('node:child_process');
const { join } = require('node:path');
const { after } = require('node:test');
const assert = require('node:assert/strict');
const { fromBinary, createFileRegistry, fromJson, toJson } = require('@bufbuild/protobuf');
const { FileDescriptorSetSchema } = require('@bufbuild/protobuf/wkt');
const { createClient, ConnectError, Code } = require('@connectrpc/connect');
const { createGrpcWebTransport } = require('@connectrpc/connect-web');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');

// A browser shows the text of an answer that is still coming; xhr2 only when it has come.
const { XMLHttpRequest } = require('xhr2');
global.XMLHttpRequest = class extends XMLHttpRequest {
  _onHttpResponseData(response, data) {
    super._onHttpResponseData(response, data);
    this.responseText += data.toString('latin1');
    this._setReadyState(XMLHttpRequest.LOADING);
  }
};
const grpcWeb = require('grpc-web');

const root = join(__dirname, '..', '..');
const web = `http://${process.env.INSTA_WEB ?? assert.fail('INSTA_WEB is not set: host:port of the gateway')}`;
const native = process.env.INSTA_APP ?? assert.fail('INSTA_APP is not set: host:port of AppService over gRPC');
const service = 'insta.app.v1.AppService';

const image = execFileSync(join(__dirname, 'node_modules', '.bin', 'buf'), ['build', join(root, 'protos'), '-o', '-#format=binpb'],
  { maxBuffer: 1 << 26 });
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
const descriptor = registry.getService(service);
const methodOf = (name) => descriptor.methods.find((method) => method.name === name) ?? assert.fail(`no method ${name}`);

const types = new protobuf.Root();
types.resolvePath = (_, target) => (target.startsWith('google/') ? null : join(root, 'protos', target));
types.loadSync(['insta/app/v1/app.proto'], { keepCase: false });

/** A refusal as all three clients tell it. */
class Refused extends Error {
  constructor(code, message, trailers) {
    super(`${code}: ${message}`);
    Object.assign(this, { code, trailers });
  }
}

const upper = (code) => code.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();

/** npm's connect-web on Node's fetch: gRPC-Web in binary. */
function connect(base = web) {
  const client = createClient(descriptor, createGrpcWebTransport({ baseUrl: base }));
  const refused = (error) => {
    const connected = ConnectError.from(error);
    return new Refused(upper(Code[connected.code]), connected.rawMessage, Object.fromEntries(connected.metadata));
  };
  const options = (metadata, more) => ({ headers: metadata, ...more });
  const local = (method) => method.localName;
  return {
    async call(name, request, metadata = {}) {
      const method = methodOf(name);
      let trailers;
      try {
        const message = await client[local(method)](fromJson(method.input, request, { registry }),
          options(metadata, { onTrailer: (headers) => { trailers = Object.fromEntries(headers); } }));
        return { response: toJson(method.output, message, { registry, alwaysEmitImplicit: true }), trailers };
      } catch (error) {
        throw refused(error);
      }
    },
    async watch(name, request, metadata, enough) {
      const method = methodOf(name);
      const messages = [];
      const abort = new AbortController();
      try {
        for await (const message of client[local(method)](fromJson(method.input, request), options(metadata, { signal: abort.signal }))) {
          messages.push(toJson(method.output, message, { registry, alwaysEmitImplicit: true }));
          if (enough(messages)) break;
        }
      } catch (error) {
        throw refused(error);
      } finally {
        abort.abort();
      }
      return messages;
    },
  };
}

/** The official grpc-web package on XMLHttpRequest: "text" is base64, "binary" is not. */
function official(format) {
  const client = new grpcWeb.GrpcWebClientBase({ format });
  const as = (name) => {
    const method = methodOf(name);
    const [input, output] = [types.lookupType(method.input.typeName), types.lookupType(method.output.typeName)];
    const Type = input.ctor;
    return new grpcWeb.MethodDescriptor(`/${service}/${name}`,
      method.methodKind === 'unary' ? grpcWeb.MethodType.UNARY : grpcWeb.MethodType.SERVER_STREAMING, Type, output.ctor,
      (message) => input.encode(message).finish(), (bytes) => output.decode(new Uint8Array(bytes)));
  };
  const plain = (name, message) => types.lookupType(methodOf(name).output.typeName)
    .toObject(message, { longs: String, enums: String, defaults: true, arrays: true });
  const make = (name, request) => types.lookupType(methodOf(name).input.typeName).fromObject(request);
  const refused = (error) => new Refused(grpc.status[error.code], error.message, error.metadata ?? {});
  return {
    call: (name, request, metadata = {}) => new Promise((resolve, reject) => {
      // The message comes after the status.
      let trailers = {};
      const call = client.rpcCall(`${web}/${service}/${name}`, make(name, request), metadata, as(name), (error, message) => {
        if (error) reject(refused(error));
        else resolve({ response: plain(name, message), trailers });
      });
      call.on('status', (status) => { trailers = status.metadata; });
    }),
    watch: (name, request, metadata, enough) => new Promise((resolve, reject) => {
      const messages = [];
      const stream = client.serverStreaming(`${web}/${service}/${name}`, make(name, request), metadata, as(name));
      stream.on('data', (message) => {
        messages.push(plain(name, message));
        if (enough(messages)) {
          stream.cancel();
          resolve(messages);
        }
      });
      stream.on('error', (error) => reject(refused(error)));
      stream.on('end', () => reject(new Error(`the stream ended after ${messages.length} messages`)));
    }),
  };
}

/** npm's grpc-js: native gRPC. */
function nativeClient() {
  const { AppService } = grpc.loadPackageDefinition(loader.loadSync('insta/app/v1/app.proto',
    { longs: String, enums: String, defaults: true, includeDirs: [join(root, 'protos')] })).insta.app.v1;
  const client = new AppService(native, grpc.credentials.createInsecure());
  after(() => client.close());
  const metadataOf = (entries) => {
    const metadata = new grpc.Metadata();
    Object.entries(entries).forEach(([key, value]) => metadata.set(key, value));
    return metadata;
  };
  const refused = (error) => new Refused(grpc.status[error.code], error.details, error.metadata?.getMap() ?? {});
  return {
    call: (name, request, metadata = {}) => new Promise((resolve, reject) => {
      let response;
      client[name](request, metadataOf(metadata), (error, message) => {
        if (error) reject(refused(error));
        else response = message;
      }).on('status', (status) => { if (status.code === 0) resolve({ response, trailers: status.metadata.getMap() }); });
    }),
    watch: (name, request, metadata, enough) => new Promise((resolve, reject) => {
      const messages = [];
      const stream = client[name](request, metadataOf(metadata));
      stream.on('data', (message) => {
        messages.push(message);
        if (enough(messages)) {
          stream.cancel();
          resolve(messages);
        }
      });
      stream.on('error', (error) => { if (!enough(messages)) reject(refused(error)); });
    }),
  };
}

/** The three, and both formats of gRPC-Web. */
const clients = {
  'connect-web': connect,
  'grpc-web, binary': () => official('binary'),
  'grpc-web, text': () => official('text'),
  'grpc-js': nativeClient,
};

const bearer = (session) => ({ authorization: `Bearer ${session.accessToken}` });

let names = 0;
const unique = (hint) => `${hint}.${process.pid}.${names++}`;
const password = 'correct horse';

/** Signs somebody new up: {session, metadata}. */
async function signUp(client, hint = 'web') {
  const name = unique(hint);
  const request = { name, displayName: 'Ada', password, requestId: unique('signup') };
  for (;;) {
    try {
      const { response, trailers } = await client.call('SignUp', request);
      return { name, session: response.session, user: response.session.user, metadata: bearer(response.session), trailers };
    } catch (error) {
      // One address may not make many users a second.
      if (error.code !== 'RESOURCE_EXHAUSTED') throw error;
      await new Promise((resolve) => { setTimeout(resolve, Number(error.trailers['grpc-retry-pushback-ms'] ?? 500)); });
    }
  }
}

async function refused(code, promise) {
  try {
    await promise;
  } catch (error) {
    assert.equal(error.code, code, error.message);
    return error;
  }
  return assert.fail(`${code} was expected, but the call succeeded`);
}

module.exports = { bearer, clients, connect, password, refused, service, signUp, unique, web };
