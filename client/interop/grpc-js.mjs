// Reads a stream with gRPC for Node.js: see README.md.
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import { count } from './count.mjs';

const { version } = JSON.parse(fs.readFileSync(
  new URL('node_modules/@grpc/grpc-js/package.json', import.meta.url)));
const [server, wav, seconds, pauseSeconds] = process.argv.slice(2);
const definition = protoLoader.loadSync('lavalier/v1/audio_capture.proto', {
  includeDirs: [fileURLToPath(new URL('../../proto/src/main/proto/', import.meta.url))],
  longs: String,
  defaults: true,
});
const { AudioCapture } = grpc.loadPackageDefinition(definition).lavalier.v1;
const client = new AudioCapture(server, grpc.credentials.createInsecure());
const call = client.StreamFrames({ deviceId: 'numbers', frameSize: 240, maxLatencyMs: 1000 });
await count(`grpc-js ${version}`, call, wav, Number(seconds), Number(pauseSeconds));
call.on('error', () => {}); // CANCELLED
call.cancel();
client.close();
