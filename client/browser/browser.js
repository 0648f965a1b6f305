// Opens the page in Chromium, or in Firefox if BROWSER is `firefox`, and observes what it plays.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { firefoxDownload, launchFirefox, tabProcesses } from './firefox.js';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FIREFOX = process.env.BROWSER === 'firefox';
const RECORDER = fs.readFileSync(new URL('played-recorder.js', import.meta.url), 'utf8');

async function launchChromium(t, { args = [], ignoreDefaultArgs }) {
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox', ...args], ignoreDefaultArgs });
  t.after(() => browser.close());
  return browser;
}

/** Opens the page of a server. The test closes the browser and checks that the page had no errors. */
export async function openPage(t, server, { path: hash = '', args, ignoreDefaultArgs, ...options } = {}) {
  const browser = FIREFOX ? await launchFirefox(t) : await launchChromium(t, { args, ignoreDefaultArgs });
  const context = await browser.newContext({ viewport: { width: 1_200, height: 900 }, ...options });
  await context.addInitScript(() => {
    const Original = window.AudioWorkletNode;
    if (!Original) return; // not the page
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
  if (FIREFOX) await page.route('**/played-recorder.js', (route) => route.fulfill({ contentType: 'text/javascript', body: RECORDER }));
  await page.goto(server.url + hash);
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
 * Presses Listen, unless it is `pressed`, and starts to record what the page plays. The policy of the
 * page permits only modules of its server, so a test with Chromium opens it with bypassCSP. The driver
 * of Firefox cannot do this, but can answer a request of a worklet.
 */
export async function listen(page, { pressed = false } = {}) {
  if (!pressed) await page.locator('#listen').click();
  await page.waitForFunction(() => window.playedNode, null, { timeout: 30_000 });
  await page.evaluate(async (module) => {
    const { context } = window.playedNode;
    const url = module ? URL.createObjectURL(new Blob([module], { type: 'text/javascript' })) : 'played-recorder.js';
    await context.audioWorklet.addModule(url);
    window.recorder = new AudioWorkletNode(context, 'played-recorder', { channelCount: 2, channelCountMode: 'explicit' });
    window.playedNode.connect(window.recorder);
    window.recorder.connect(context.destination);
  }, FIREFOX ? null : RECORDER);
}

async function chromiumProcesses(page) {
  const session = await page.context().browser().newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
}

/** Stops the process of the tab for some time. Linux stops a process on SIGSTOP. */
export async function stopTab(page, ms) {
  const renderers = FIREFOX ? tabProcesses() : await chromiumProcesses(page);
  try {
    renderers.forEach((pid) => signal(pid, 'SIGSTOP'));
    await delay(ms);
  } finally {
    renderers.forEach((pid) => signal(pid, 'SIGCONT'));
  }
}

/** Sends a signal to a process that can have ended: a browser ends those that it no longer needs. */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Records while `task` runs. Returns the file, in `directory`. */
export async function record(page, directory, task) {
  await page.locator('#record').click();
  await page.waitForFunction(() => document.getElementById('record').textContent.startsWith('Stop recording'));
  await delay(1_000);
  await task();
  await delay(2_000);
  if (FIREFOX) return firefoxDownload(page, directory, () => page.locator('#record').click());
  const download = page.waitForEvent('download');
  await page.locator('#record').click();
  const file = path.join(directory, (await download).suggestedFilename());
  await (await download).saveAs(file);
  return file;
}

/** Returns the samples per channel of each gap that the page lists. */
export async function listedGaps(page) {
  return page.locator('#events .gap').evaluateAll((rows) => rows.map((row) => Number(row.dataset.sampleCount)));
}

/** Returns what the recorder has: `take` is `samples`, `times` or `numbers`. */
export async function played(page, take) {
  return page.evaluate(async (what) => {
    const { port } = window.recorder;
    const answer = new Promise((resolve) => { port.onmessage = ({ data }) => resolve(data); });
    port.postMessage(what);
    const data = await answer;
    return data instanceof Float32Array ? Array.from(data) : data;
  }, take);
}
