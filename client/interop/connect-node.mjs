// Reads a stream with Connect for Node.js, by the gRPC protocol: see README.md.
import fs from 'node:fs';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { count } from './count.mjs';

const { version } = JSON.parse(fs.readFileSync(
  new URL('node_modules/@connectrpc/connect-node/package.json', import.meta.url)));
const [descriptors, server, wav, seconds, pauseSeconds] = process.argv.slice(2);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, fs.readFileSync(descriptors)));
const baseUrl = `http://${server}`;
const sessionManager = new Http2SessionManager(baseUrl);
const transport = createGrpcTransport({ baseUrl, sessionManager });
const client = createClient(registry.getService('lavalier.v1.AudioCapture'), transport);

async function* messages() {
  const request = { deviceId: 'numbers', frameSize: 240, maxLatencyMs: 1000 };
  for await (const { message } of client.streamFrames(request)) yield { [message.case]: message.value };
}

await count(`connect-node ${version}`, messages(), wav, Number(seconds), Number(pauseSeconds));
sessionManager.abort();
