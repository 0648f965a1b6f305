// What the page plays, by its own samples.
import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { awaitReceiving, counts, interruptions, listen, openPage, played } from './browser.js';
import { Server } from './server.js';
import { discontinuities, RATE, strongest, uninterrupted } from './tone.js';

const SECONDS = 20;

let server;
test.before(async () => { server = await Server.start(); });
test.after(() => server.stop());

test('toneIsHeardWithItsFrequencyAndLevelAndEachInterruptionIsReported', async (t) => {
  const page = await openPage(t, server, { path: '#device=tone', bypassCSP: true });
  await awaitReceiving(page);
  await listen(page);
  await delay((SECONDS + 2) * 1_000);
  const reported = await interruptions(page) + (await counts(page)).missing;
  const samples = (await played(page, 'samples')).slice(RATE, (SECONDS + 1) * RATE);
  assert.ok(samples.length > 0);
  const part = uninterrupted(samples);
  assert.ok(part.length > 0, 'no sound without interruption');
  const { hz, decibels } = strongest(part);
  assert.ok(Math.abs(hz - 440) < 0.5, `${hz} Hz`);
  assert.ok(Math.abs(decibels - -12) < 0.5, `${decibels} dBFS`);
  const heard = discontinuities(samples);
  console.log(`# ${samples.length} samples, ${heard} discontinuities, ${reported} interruptions and missing samples reported`);
  assert.ok(heard === 0 || reported > 0, `${heard} discontinuities, none reported`);
});
