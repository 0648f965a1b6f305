// The codecs: what is heard, recorded and counted, and which one the page uses.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { awaitReceiving, counts, interruptions, listedGaps, listen, openPage, played, record, stopTab } from './browser.js';
import { checkNumbers, writeNumbers } from './numbers.js';
import { Server } from './server.js';
import { chirpDifference, chirpTimes, discontinuities, RATE, readMono, silencesIn, strongest, uninterrupted, writeChirp, writeWav } from './tone.js';

const SECONDS = 6;
const STALL_MS = 5_000;
// The queue of the server, the credit at its largest, the queue of the playout at its largest, and the decoder.
const BOUND_MS = 200 + 300 + 750 + 200;
const BLOCK = 128;
const NAME = 'studio.example';

let server;
let directory;
test.before(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lavalier-codecs-'));
  const file = (name) => path.join(directory, name);
  writeNumbers(file('numbers.wav'));
  writeChirp(file('chirp.wav'));
  writeWav(file('ten.wav'), 1, 10, (i) => Math.sin(i / 10) / 2);
  server = await Server.start(
    '--wav', `numbers=${file('numbers.wav')}`, '--wav', `chirp=${file('chirp.wav')}`, '--wav', `ten=${file('ten.wav')}`,
    '--web-origin', `http://${NAME}`,
  );
});
test.after(async () => {
  await server.stop();
  fs.rmSync(directory, { recursive: true });
});

test('toneIsHeardThroughOpusThatTheUserChooses', async (t) => {
  const page = await openPage(t, server, { path: '#device=tone', bypassCSP: true });
  await awaitReceiving(page);
  assert.match(await page.locator('#status').textContent(), /as PCM\.$/); // this machine is the server
  await listen(page);
  await page.evaluate(() => { window.playedNode = null; }); // another one plays the other stream
  await page.locator('#codec').selectOption('opus-96');
  await page.waitForFunction(() => document.getElementById('status').textContent === 'Receiving 48000/2/s16le as Opus.');
  assert.ok(page.url().endsWith('#device=tone&codec=opus-96'));
  await page.waitForFunction(() => /^Opus with 96 kbit\/s, (8|9|10)\d kbit\/s received$/.test(document.getElementById('traffic').textContent));
  await listen(page, { pressed: true });
  await delay((SECONDS + 1) * 1_000);
  const reported = await interruptions(page) + (await counts(page)).missing;
  const samples = (await played(page, 'samples')).slice(RATE, (SECONDS + 1) * RATE);
  const part = uninterrupted(samples);
  assert.ok(part.length > 0, 'no sound without interruption');
  const { hz, decibels } = strongest(part);
  assert.ok(Math.abs(hz - 440) < 0.5, `${hz} Hz`);
  assert.ok(Math.abs(decibels - -12) < 0.5, `${decibels} dBFS`);
  const heard = discontinuities(samples);
  console.log(`# ${hz} Hz, ${decibels} dBFS, ${heard} discontinuities, ${reported} interruptions and missing samples reported`);
  assert.ok(heard === 0 || reported > 0, `${heard} discontinuities, none reported`);
  await page.waitForFunction(() => /^Strongest: 4(39\.[5-9]|40\.[0-5]) Hz, \u22121[12]\.\d dBFS$/.test(document.getElementById('peak').textContent));
  await page.waitForFunction(() => /^\u22121[12]\.\d peak \u22121[12]\.\d RMS/.test(document.querySelector('.numbers').textContent));
  assert.deepEqual(page.problems, []);
});

test('stoppedTabWithOpusHearsNothingOldAndRecordsTheExactGap', async (t) => {
  const page = await openPage(t, server, { path: '#device=chirp&codec=opus-64', bypassCSP: true });
  await awaitReceiving(page);
  await listen(page);
  await page.waitForFunction(() => document.getElementById('latency').textContent.includes('loudspeaker'));
  const recorded = readMono(await record(page, directory, () => stopTab(page, STALL_MS)));
  const listed = await listedGaps(page);
  const silences = silencesIn(recorded);
  // A decoded sample beside a gap can be 0.
  for (const { length } of silences) assert.ok(listed.some((count) => length >= count && length <= count + 2), `${length}, listed: ${listed}`);
  assert.ok(Math.max(...silences.map(({ length }) => length)) >= (STALL_MS / 1e3 - 0.5) * RATE);

  // Each part of the recording is at the place of its time.
  const places = chirpTimes(recorded).map(([at, ms]) => ms - (at / RATE) * 1e3);
  const errors = places.map((place) => Math.abs(chirpDifference(place, places[0])));
  assert.ok(places.length > 10 && Math.max(...errors) < 30, `${Math.max(...errors)} ms`);

  const samples = await played(page, 'samples');
  const times = await played(page, 'times');
  const lags = chirpTimes(Float32Array.from(samples)).map(([at, ms]) => times[Math.floor(at / BLOCK)] - ms);
  const relative = lags.map((lag) => chirpDifference(lag, lags[0]));
  const largest = Math.max(...relative) - Math.min(...relative);
  console.log(`# gaps ${listed}, largest lag ${Math.round(largest)} ms, largest error of a place ${Math.max(...errors)} ms`);
  assert.ok(largest <= BOUND_MS, `${largest} ms`);
});

test('recordingThroughFlacHasEverySampleAsCaptured', async (t) => {
  const page = await openPage(t, server, { path: '#device=numbers&codec=flac' });
  await awaitReceiving(page);
  assert.match(await page.locator('#status').textContent(), /as FLAC\.$/);
  const { right, wrong, silences } = checkNumbers(await record(page, directory, () => delay(1_000)));
  const listed = await listedGaps(page);
  for (const silence of silences) assert.ok(listed.includes(silence), `${silence}, listed: ${listed}`);
  assert.equal(wrong, 0);
  assert.ok(right > RATE);
});

test('pageUsesPcmIfTheServerRefusesTheCodec', async (t) => {
  const page = await openPage(t, server, { path: '#device=ten&codec=flac' });
  await awaitReceiving(page);
  assert.match(await page.locator('#status').textContent(), /10\/s16le as PCM\.$/);
  assert.match(await page.locator('#events').textContent(), /The server refuses FLAC: .*channel_count.* The page uses PCM\./);
});

test('pageUsesOpusOverANetwork', async (t) => {
  const url = new URL(server.url);
  url.hostname = NAME;
  const args = [`--host-resolver-rules=MAP ${NAME} 127.0.0.1`, `--unsafely-treat-insecure-origin-as-secure=${url.origin}`];
  const page = await openPage(t, { url: url.href }, { path: '#device=tone', args });
  await awaitReceiving(page);
  assert.match(await page.locator('#status').textContent(), /as Opus\.$/);
  assert.deepEqual(page.problems, []);
});
