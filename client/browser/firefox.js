// Starts Firefox, with a sound server of its own: without one, Firefox plays nothing.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import playwright from 'playwright-core';

const EXECUTABLE = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
const SOUND_SERVER_MS = 30_000;

/** Starts PulseAudio with a sink that nobody hears. Returns the address of its socket. */
async function startSoundServer(t) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lavalier-sound-'));
  const socket = path.join(directory, 'socket');
  const child = spawn('pulseaudio', [
    '-n', '--daemonize=no', '--exit-idle-time=-1', '--use-pid-file=no', '--disable-shm=yes', '--load=module-null-sink',
    `--load=module-native-protocol-unix socket=${socket} auth-anonymous=1`,
  ], { env: { ...process.env, HOME: directory, XDG_RUNTIME_DIR: directory, PULSE_RUNTIME_PATH: directory }, stdio: 'ignore' });
  const exited = new Promise((resolve) => { child.once('exit', resolve); });
  t.after(async () => {
    child.kill();
    await exited;
    fs.rmSync(directory, { recursive: true });
  });
  const end = Date.now() + SOUND_SERVER_MS;
  while (!fs.existsSync(socket)) {
    if (Date.now() > end || child.exitCode !== null) throw new Error('PulseAudio does not start');
    await delay(50);
  }
  return `unix:${socket}`;
}

/** Starts Firefox through WebDriver BiDi, which needs no changed Firefox. */
export async function launchFirefox(t) {
  const address = await startSoundServer(t);
  const browser = await playwright._bidiFirefox.launch({
    executablePath: EXECUTABLE, env: { ...process.env, PULSE_SERVER: address },
  });
  t.after(() => browser.close());
  return browser;
}

/** Returns the file that the page saves when `task` runs, in `directory`. */
export async function firefoxDownload(page, directory, task) {
  // The driver reports no downloads of Firefox, so this takes what the page saves.
  await page.evaluate(() => {
    const original = URL.createObjectURL;
    URL.createObjectURL = (blob) => {
      URL.createObjectURL = original;
      window.saved = new Promise((resolve) => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result);
        reader.readAsDataURL(blob);
      });
      return original.call(URL, blob);
    };
    window.addEventListener('click', (event) => {
      if (event.target.download) event.preventDefault();
    }, { capture: true });
    window.saved = null;
  });
  await task();
  await page.waitForFunction(() => window.saved);
  const url = await page.evaluate(() => window.saved);
  const file = path.join(directory, 'firefox.wav');
  fs.writeFileSync(file, Buffer.from(url.slice(url.indexOf(',') + 1), 'base64'));
  return file;
}

function parentOf(pid) {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** Returns the processes of the tabs of every Firefox that this process started. */
export function tabProcesses() {
  const found = [];
  for (const name of fs.readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const words = fs.readFileSync(`/proc/${name}/cmdline`, 'utf8').split(/[\0 ]/);
      if (!words.includes('-contentproc') || !words.includes('tab')) continue;
      let pid = Number(name);
      while (pid > 1 && pid !== process.pid) pid = parentOf(pid);
      if (pid === process.pid) found.push(Number(name));
    } catch {
      // The process has ended.
    }
  }
  return found;
}
