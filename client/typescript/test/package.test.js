// The package as npm packs it, in a project of its own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('..', import.meta.url));

// What an application writes. It is compiled, and its code for Node.js is run.
const APPLICATION = `
import { Codec, LavalierError, SampleEncoding, toFloat32, type AudioFrame, type FrameStream } from '@lavalier/client';
import { connect } from '@lavalier/client/node';
import { connect as connectWeb, type WebConnectOptions } from '@lavalier/client/web';

export async function peaks(stream: FrameStream): Promise<number[]> {
  const result: number[] = [];
  for await (const frame of stream) {
    const samples: Float32Array = toFloat32(frame, stream.started.format!);
    const missing: bigint = frame.gap?.sampleCount ?? 0n;
    result.push(Math.max(...samples), Number(missing));
  }
  return result;
}

export function page(options: WebConnectOptions): Promise<FrameStream> {
  return connectWeb('https://studio.example:8080/', options).pullFrames({
    deviceId: 'PCH,0', format: { encoding: SampleEncoding.S16LE, sampleRateHz: 16_000, channelCount: 1 },
  }, { reconnectMs: 0, onNotice: (notice) => console.log(notice.kind, notice.message) });
}

// @ts-expect-error the contract has no such field
export const wrong = (): Promise<FrameStream> => connect('127.0.0.1:1').pullFrames({ device: 'tone' });

export const index = (frame: AudioFrame): bigint => frame.sampleIndex;

const client = connect('127.0.0.1:1');
try {
  await client.listDevices();
} catch (error) {
  console.log(error instanceof LavalierError && error.kind);
}
await client.pullFrames({ codec: Codec.OPUS }).catch(({ kind, message }) => console.log(kind, message));
client.close();
`;

let dir;

before(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'lavalier-'));
  const modules = path.join(dir, 'node_modules');
  const [{ filename, files }] = JSON.parse(execFileSync(
    'npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', dir], { cwd: HERE, encoding: 'utf8' }));
  assert.ok(files.some(({ path: file }) => file === 'dist/gen/lavalier/v1/audio_capture_pb.d.ts'));
  assert.ok(files.every(({ path: file }) => /^(?:dist\/|package\.json$|README\.md$)/.test(file)));
  const target = path.join(modules, '@lavalier/client');
  fs.mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', path.join(dir, filename), '-C', target, '--strip-components=1']);
  for (const [name, version] of Object.entries(JSON.parse(fs.readFileSync(path.join(target, 'package.json'))).dependencies)) {
    const installed = path.join(HERE, 'node_modules', name);
    assert.equal(JSON.parse(fs.readFileSync(path.join(installed, 'package.json'))).version, version);
    fs.mkdirSync(path.dirname(path.join(modules, name)), { recursive: true });
    fs.symlinkSync(installed, path.join(modules, name));
  }
  fs.writeFileSync(path.join(dir, 'package.json'), JSON.stringify({ type: 'module' }));
  fs.writeFileSync(path.join(dir, 'application.ts'), APPLICATION);
});

after(() => fs.rmSync(dir, { recursive: true }));

function compile(...options) {
  execFileSync('node', [path.join(HERE, 'node_modules/typescript/bin/tsc'), '--strict', '--target', 'es2022',
    '--exactOptionalPropertyTypes', '--skipLibCheck', '--typeRoots', path.join(HERE, 'node_modules/@types'), '--types', 'node',
    ...options, 'application.ts'], { cwd: dir, stdio: 'inherit' });
}

test('an application for Node.js compiles and runs', () => {
  compile('--module', 'nodenext');
  assert.equal(execFileSync('node', ['application.js'], { cwd: dir, encoding: 'utf8' }), 
    'UNAVAILABLE\nNOT_SUPPORTED codec: OPUS (expected: the package opus-decoder, which decodes it, or the option packets)\n');
});

test('an application that is bundled compiles', () => {
  compile('--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit', '--lib', 'es2022,dom');
});
