// The module for browsers in Chromium: a page of another site, without a bundler.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { Server } from './server.js';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const HERE = fileURLToPath(new URL('..', import.meta.url));
const PROTOBUF = '/node_modules/@bufbuild/protobuf/dist/esm';
const PAGE = `<!doctype html><title>Test</title><script type="importmap">
{ "imports": {
  "@lavalier/client": "/dist/index.js",
  "@lavalier/client/web": "/dist/web.js",
  "@bufbuild/protobuf": "${PROTOBUF}/index.js",
  "@bufbuild/protobuf/codegenv2": "${PROTOBUF}/codegenv2/index.js"
} }
</script>`;

let site;
let server;
let browser;

before(async () => {
  site = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://site');
    const file = path.join(HERE, pathname);
    if (pathname === '/') {
      response.setHeader('Content-Type', 'text/html').end(PAGE);
    } else if (/^\/(?:dist|node_modules)\/.*\.js$/.test(pathname) && fs.existsSync(file)) {
      response.setHeader('Content-Type', 'text/javascript').end(fs.readFileSync(file));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => { site.listen(0, '127.0.0.1', resolve); });
  const origin = `http://127.0.0.1:${site.address().port}`;
  [server, browser] = await Promise.all([
    Server.start('--web-origin', origin),
    chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] }),
  ]);
  site.origin = origin;
});

after(async () => {
  await browser?.close();
  await server?.kill();
  site?.close();
});

async function openPage() {
  const page = await browser.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  await page.goto(site.origin);
  return page;
}

test('after a page was blocked, frames are recent and each sample is counted', async () => {
  const page = await openPage();
  const result = await page.evaluate(async (url) => {
    const { connect } = await import('@lavalier/client/web');
    const { toFloat32 } = await import('@lavalier/client');
    const stream = await connect(url).pullFrames({ format: { sampleRateHz: 16_000, channelCount: 1 } });
    const seen = { received: 0, missing: 0, oldestMs: 0, peak: 0 };
    let first = null;
    let end = 0n;
    let count = 0;
    for await (const frame of stream) {
      seen.oldestMs = Math.max(seen.oldestMs, Date.now() - Number(frame.captureTimeUnixNanos / 1_000_000n));
      seen.peak = Math.max(seen.peak, ...toFloat32(frame, stream.started.format));
      if (first === null) first = frame.sampleIndex;
      else seen.missing += Number(frame.gap?.sampleCount ?? 0n);
      seen.received += stream.started.frameSize;
      end = frame.sampleIndex + BigInt(stream.started.frameSize);
      if (++count === 20) for (const until = performance.now() + 2_000; performance.now() < until;);
      if (count === 40) break;
    }
    return { ...seen, captured: Number(end - first) };
  }, server.url);
  assert.deepEqual(page.problems, []);
  assert.equal(result.received + result.missing, result.captured);
  assert.ok(result.missing > 16_000, `${result.missing} samples are missing`);
  assert.ok(result.oldestMs < 1_500, `a frame was ${result.oldestMs} ms old`);
  assert.ok(Math.abs(result.peak - 0.25) < 0.01, `peak ${result.peak}`);
  await page.close();
});

for (const [codec, channelCount, delay] of [['FLAC', 2, 0], ['OPUS', 1, 312]]) {
  test(`${codec} is decoded to the sound of PCM`, async () => {
    const page = await openPage();
    const result = await page.evaluate(async ({ url, codec, channelCount, delay }) => {
      const { connect } = await import('@lavalier/client/web');
      const { Codec, SampleEncoding, toFloat32 } = await import('@lavalier/client');
      const client = connect(url);
      const options = {
        format: { encoding: SampleEncoding.S16LE, sampleRateHz: 48_000, channelCount }, maxLatencyMs: 30_000,
      };
      const pcm = await client.pullFrames(options);
      const encoded = await client.pullFrames({ ...options, codec: Codec[codec] });
      const decoded = new Map();
      while (decoded.size < 20) {
        const { value } = await encoded.next();
        if (value.gap) decoded.clear();
        decoded.set(value.sampleIndex, toFloat32(value, encoded.started.format));
      }
      const indexes = [...decoded.keys()];
      const samples = [[], []];
      for await (const frame of pcm) {
        if (decoded.has(frame.sampleIndex)) {
          samples[0].push(...toFloat32(frame, pcm.started.format));
          samples[1].push(...decoded.get(frame.sampleIndex));
        }
        if (frame.sampleIndex >= indexes.at(-1)) break;
      }
      client.close();
      let difference = 0;
      let power = 0;
      for (let i = 9_600; i + delay < samples[0].length; i++) {
        difference += (samples[1][i + delay] - samples[0][i]) ** 2;
        power += samples[0][i] ** 2;
      }
      return { count: samples[0].length, difference, power };
    }, { url: server.url, codec, channelCount, delay });
    assert.deepEqual(page.problems, []);
    assert.equal(result.count, 20 * 960 * channelCount);
    assert.ok(result.power > 0 && result.difference <= (delay && 0.01) * result.power, `${result.difference} of ${result.power}`);
    await page.close();
  });
}

test('the error of a call has its kind', async () => {
  const page = await openPage();
  const error = await page.evaluate(async (url) => {
    const { connect } = await import('@lavalier/client/web');
    return connect(url).pullFrames({ deviceId: 'moon' }).catch(({ kind, message }) => ({ kind, message }));
  }, server.url);
  assert.deepEqual(error, { kind: 'DEVICE_NOT_FOUND', message: 'device_id: moon (expected: one of tone)' });
  await page.close();
});
