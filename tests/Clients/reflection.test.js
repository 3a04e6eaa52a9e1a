'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const loader = require('@grpc/proto-loader');
const descriptor = require('protobufjs/ext/descriptor');
const { addressOf, call, clients, grpc, load, newMedia, newUser, user } = require('./mesh');

const decode = (bytes) => descriptor.FileDescriptorProto.decode(bytes);

/** Asks all on one stream and collects the answers, in their order. */
function ask(version, requests) {
  return new Promise((resolve, reject) => {
    const answers = [];
    const stream = clients.reflection(version, 'media').serverReflectionInfo({ deadline: Date.now() + 30_000 });
    stream.on('data', (answer) => answers.push(answer));
    stream.on('error', reject);
    stream.on('end', () => resolve(answers));
    for (const request of requests) stream.write(request);
    stream.end();
  });
}

/** The files that define a symbol, and all that they import, as a FileDescriptorSet. */
async function filesOf(version, symbol) {
  const files = new Map();
  let wanted = [{ file_containing_symbol: symbol }];
  while (wanted.length > 0) {
    const answers = await ask(version, wanted);
    assert.equal(answers.length, wanted.length);
    for (const answer of answers) {
      assert.ok(answer.file_descriptor_response, JSON.stringify(answer.error_response));
      for (const bytes of answer.file_descriptor_response.file_descriptor_proto) {
        files.set(decode(bytes).name, bytes);
      }
    }
    const imports = [...files.values()].flatMap((bytes) => decode(bytes).dependency);
    wanted = [...new Set(imports)].filter((name) => !files.has(name)).map((name) => ({ file_by_filename: name }));
  }
  return descriptor.FileDescriptorSet.encode({ file: [...files.values()].map(decode) }).finish();
}

for (const version of ['v1', 'v1alpha']) {
  test(`${version} lists the services`, async () => {
    const [answer] = await ask(version, [{ list_services: '' }]);
    const names = answer.list_services_response.service.map((service) => service.name);

    for (const name of ['insta.media.v1.MediaService', 'grpc.health.v1.Health', `grpc.reflection.${version}.ServerReflection`]) {
      assert.ok(names.includes(name), `${name} is not among ${names.join(', ')}`);
    }
  });

  test(`${version} answers in order, and what it does not know with an error`, async () => {
    const answers = await ask(version, [
      { file_containing_symbol: 'insta.media.v1.MediaService' },
      { file_containing_symbol: 'insta.Nothing' },
      { file_by_filename: 'insta/media/v1/media.proto' },
    ]);

    assert.equal(answers.length, 3);
    assert.ok(answers[0].file_descriptor_response);
    assert.equal(answers[1].error_response.error_code, grpc.status.NOT_FOUND);
    assert.ok(answers[2].file_descriptor_response);
    assert.equal(answers[1].original_request.file_containing_symbol, 'insta.Nothing');
  });

  test(`${version} is enough to call: a client made of what it says`, async () => {
    const owner = await newUser();
    const { response: { media: post }, trailers } = await newMedia(owner.id, version);
    const set = await filesOf(version, 'insta.media.v1.MediaService');
    const { insta } = grpc.loadPackageDefinition(loader.loadFileDescriptorSetFromBuffer(Buffer.from(set), load));
    const media = new insta.media.v1.MediaService(addressOf('media'), grpc.credentials.createInsecure());

    const metadata = user(owner.id, { 'insta-lsn': trailers.get('insta-lsn')[0] });
    const { response } = await call(media, 'getMedia', { media_id: post.id }, metadata);

    assert.equal(response.media.caption, version);
    media.close();
  });
}
