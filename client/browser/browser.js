// Opens the page in Chromium, and observes what it plays.
import fs from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const RECORDER = new URL('played-recorder.js', import.meta.url);

/** Opens the page of a server. The test closes the browser and checks that the page had no errors. */
export async function openPage(t, server, { path = '', ...options } = {}) {
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1_200, height: 900 }, ...options });
  await context.addInitScript(() => {
    const Original = window.AudioWorkletNode;
    window.AudioWorkletNode = class extends Original {
      constructor(...args) {
        super(...args);
        if (args[1] === 'lavalier-playback') window.playedNode = this;
      }
    };
  });
  const page = await context.newPage();
  page.problems = [];
  page.requests = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') page.problems.push(message.text());
  });
  page.on('request', (request) => page.requests.push(request.url()));
  await page.goto(server.url + path);
  return page;
}

/** Waits until the page shows that it receives audio. */
export async function awaitReceiving(page) {
  await page.waitForFunction(() => document.getElementById('status').textContent.startsWith('Receiving'), null, { timeout: 60_000 });
}

/** Returns the number of samples per channel that the page shows as received and as missing. */
export async function counts(page) {
  return page.evaluate(() => ({
    received: Number(document.getElementById('received').dataset.sampleCount),
    missing: Number(document.getElementById('missing').dataset.sampleCount),
  }));
}

/** Returns the interruptions of the playback that the page reports. */
export async function interruptions(page) {
  const text = await page.locator('#playback').textContent();
  const [, underruns, skipped] = /(\d+) underruns?, (\d+) frames? skipped/.exec(text) ?? [null, 0, 0];
  return Number(underruns) + Number(skipped);
}

/**
 * Presses Listen, and starts to record what the page plays. The page must be open with bypassCSP,
 * because its policy does not permit the module of the recorder.
 */
export async function listen(page) {
  await page.locator('#listen').click();
  await page.waitForFunction(() => window.playedNode, null, { timeout: 30_000 });
  await page.evaluate(async (module) => {
    const { context } = window.playedNode;
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([module], { type: 'text/javascript' })));
    window.recorder = new AudioWorkletNode(context, 'played-recorder', { channelCount: 2, channelCountMode: 'explicit' });
    window.playedNode.connect(window.recorder);
    window.recorder.connect(context.destination);
  }, fs.readFileSync(RECORDER, 'utf8'));
}

/** Stops the process of the tab for some time. Linux stops a process on SIGSTOP. */
export async function stopTab(page, ms) {
  const session = await page.context().browser().newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  try {
    renderers.forEach((pid) => process.kill(pid, 'SIGSTOP'));
    await delay(ms);
  } finally {
    renderers.forEach((pid) => process.kill(pid, 'SIGCONT'));
  }
}

/** Returns what the recorder has: `take` is `samples` or `numbers`. */
export async function played(page, take) {
  return page.evaluate(async (what) => {
    const { port } = window.recorder;
    const answer = new Promise((resolve) => { port.onmessage = ({ data }) => resolve(data); });
    port.postMessage(what);
    const data = await answer;
    return data instanceof Float32Array ? Array.from(data) : data;
  }, take);
}
