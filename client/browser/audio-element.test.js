// Devices, and files that `lavalier record` wrote, as the sources of audio elements.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { openPage } from './browser.js';
import { FileServer } from './file-server.js';
import { clientCommand, Server } from './server.js';
import { chirpDifference, chirpMs, chirpTimes, peakDecibels, RATE, writeChirp } from './tone.js';

const SECONDS = 3;
const RECORDINGS = ['take.flac', 'take.ogg', 'take.opus'];
const TAKES = 10;
const DECODER_START = RATE / 10; // until the output of a decoder of Opus is exact, and a little more
const FFT_SIZE = 8_192;
const TIMEOUT = { timeout: 60_000, polling: 100 };

let server;
let directory;
let recorded;
test.before(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lavalier-recordings-'));
  writeChirp(path.join(directory, 'chirp.wav'));
  server = await Server.start('--wav', `chirp=${path.join(directory, 'chirp.wav')}`);
  recorded = Promise.allSettled(RECORDINGS.map(recordWithoutGap));
});
test.after(async () => {
  await recorded;
  await server.stop();
  fs.rmSync(directory, { recursive: true });
});

/** Writes a file. A machine that is overloaded while the browser starts loses samples, which are silence in the file. */
async function recordWithoutGap(name) {
  const record = ['record', '--server', server.address, '--device', 'chirp', '--format', '48000/1/s16le', '--seconds', `${SECONDS}`];
  for (let take = 1; take <= TAKES; take++) {
    if (await clientCommand(...record, path.join(directory, name)) === '') return;
  }
  throw new Error(`${name}: ${TAKES} takes with gaps`);
}

/** Plays URLs at the same time, each in an element with an analyser: `window.players`. */
async function play(page, urls, fftSize) {
  await page.evaluate(([sources, size]) => {
    document.body.onclick = async () => {
      const context = new AudioContext({ sampleRate: 48_000 });
      await context.resume();
      window.players = sources.map((source) => {
        const element = new Audio(source);
        const analyser = new AnalyserNode(context, { fftSize: size, smoothingTimeConstant: 0 });
        context.createMediaElementSource(element).connect(analyser).connect(context.destination);
        return { element, analyser };
      });
      await Promise.all(window.players.map(({ element }) => element.play()));
      window.playing = true;
    };
    window.hzOf = (analyser) => {
      const decibels = new Float32Array(analyser.frequencyBinCount);
      analyser.getFloatFrequencyData(decibels);
      return (decibels.indexOf(Math.max(...decibels)) * analyser.context.sampleRate) / analyser.fftSize;
    };
  }, [urls, fftSize]);
  await page.locator('header').click(); // browsers play only after a click
  await page.waitForFunction(() => window.playing || window.players?.some(({ element }) => element.error), null, TIMEOUT);
  assert.deepEqual(await elementErrors(page), []);
}

async function elementErrors(page) {
  return page.evaluate(() => window.players.filter(({ element }) => element.error)
    .map(({ element }) => `${element.src}: ${element.error.message}`));
}

async function playDevice(page) {
  await play(page, ['wav', 'flac', 'ogg', 'opus'].map((extension) => `/devices/tone.${extension}`), 32_768);
  await page.waitForFunction(() => window.players.every(({ element }) => element.currentTime > 1), null, TIMEOUT);
  // An interruption widens the spectrum, so this waits for a second of each without one.
  await page.waitForFunction(() => {
    for (const player of window.players.filter(({ heardAt }) => heardAt === undefined)) {
      const samples = new Float32Array(player.analyser.fftSize);
      player.analyser.getFloatTimeDomainData(samples);
      const peak = 20 * Math.log10(Math.max(...samples.map(Math.abs)));
      if (Math.abs(window.hzOf(player.analyser) - 440) < 3 && Math.abs(peak - -12) < 0.5) player.heardAt = player.element.currentTime;
    }
    return window.players.every(({ heardAt }) => heardAt !== undefined);
  }, null, TIMEOUT);
  await page.waitForFunction(() => window.players.every(({ element, heardAt }) => element.currentTime > heardAt + 0.5), null, TIMEOUT);
  assert.deepEqual(await elementErrors(page), []);
  assert.deepEqual(page.problems, []);
}

/** Seeks each player, and plays to the end. Returns the duration, the time after the seek, and `[time, hz]` of many moments. */
async function playFrom(page, seconds) {
  return page.evaluate((from) => Promise.all(window.players.map(async ({ element, analyser }) => {
    element.pause();
    const seeked = new Promise((resolve) => { element.onseeked = resolve; });
    element.currentTime = from;
    await seeked;
    const time = element.currentTime;
    const moments = [];
    const ended = new Promise((resolve) => { element.onended = resolve; });
    const timer = setInterval(() => moments.push([element.currentTime, window.hzOf(analyser)]), 50);
    await element.play();
    await ended;
    clearInterval(timer);
    return { duration: element.duration, time, moments };
  })), seconds);
}

/** Returns the samples that the browser decodes from a file of one channel. */
async function decode(page, url) {
  return Float32Array.from(await page.evaluate(async (source) => {
    const bytes = await (await fetch(source)).arrayBuffer();
    const buffer = await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(bytes);
    return Array.from(buffer.getChannelData(0));
  }, url));
}

async function playFiles(page) {
  for (const { reason } of await recorded) assert.equal(reason, undefined);
  const starts = [];
  for (const name of RECORDINGS) {
    const samples = await decode(page, name);
    assert.equal(samples.length, SECONDS * RATE, name);
    const decibels = peakDecibels(samples.subarray(DECODER_START));
    assert.ok(Math.abs(decibels - -12) < 1.5, `${name}: ${decibels} dBFS`);
    const places = chirpTimes(samples.subarray(DECODER_START)).map(([at, ms]) => ms - ((DECODER_START + at) / RATE) * 1e3);
    const errors = places.map((place) => Math.abs(chirpDifference(place, places[0])));
    assert.ok(places.length > 50 && Math.max(...errors) < 30, `${name}: ${places.length} parts, ${Math.max(...errors)} ms`);
    starts.push(places[0]);
  }

  await play(page, RECORDINGS, FFT_SIZE);
  for (const from of [2, 1.5]) {
    const heard = await playFrom(page, from);
    RECORDINGS.forEach((name, i) => {
      const { time, duration, moments } = heard[i];
      assert.ok(Math.abs(duration - SECONDS) < 0.01, `${name}: ${duration} s`);
      assert.ok(Math.abs(time - from) < 0.01, `${name}: ${time} s`);
      // The analyser has what was heard during the last window.
      const differences = moments.filter(([now]) => now > from + 0.4)
        .map(([now, hz]) => chirpDifference(chirpMs(hz), starts[i] + (now - FFT_SIZE / RATE / 2) * 1e3));
      assert.ok(Math.abs(median(differences)) < 250, `${name} from ${from} s: ${differences}`);
    });
  }
  assert.deepEqual(await elementErrors(page), []);
  assert.deepEqual(page.problems, []);
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

test('audioElement', async (t) => { // in one browser: starting it takes seconds
  const page = await openPage(t, server);
  await t.test('audioElementPlaysADeviceAsWavFlacAndOpus', () => playDevice(page));
  const files = await FileServer.start(t, directory);
  await page.goto(files.url);
  await t.test('audioElementPlaysRecordedFilesAndSeeksInThem', () => playFiles(page));
});
