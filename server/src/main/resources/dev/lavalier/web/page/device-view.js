// The view of one device: the buttons, and everything that the worker measures.
import { codecName } from './codecs.js';
import { element, setText } from './element.js';
import { EventLog } from './event-log.js';
import { Listening } from './listening.js';
import { Meters } from './meters.js';
import { formatName } from './pcm.js';
import { snippets } from './snippets.js';
import { TimeView } from './time-view.js';
import { bitrateText, count, decibelText, duration, formatText, listeners, plural, stateName, statusText } from './words.js';

const QUIET_MS = 1_000;
const TEXT_INTERVAL_MS = 250;
const BITRATE_INTERVAL_MS = 1_000;
const FALLBACK_RATE = 48_000;

const $ = (id) => document.getElementById(id);

function fileName(deviceId, unixNanos) {
  const time = new Date(unixNanos / 1e6).toISOString().replace(/[-:]|\.\d+/g, '');
  return `${deviceId.replace(/[^\w.-]+/g, '_')}-${time}.wav`;
}

export class DeviceView {
  #worker;
  #listening;
  #meters = new Meters($('meters'));
  #log = new EventLog($('events'));
  #time = new TimeView({
    wave: $('wave'), spectrogram: $('spectrogram'), hertz: $('hertz'), seconds: $('seconds'), cursor: $('cursor'),
  });
  #device = null;
  #generation = 0; // of the selection: what the worker sent before belongs to another device
  #start = null; // `started` of the stream
  #ended = null; // how the last call ended, until the next one starts
  #wantsSound = false;
  #recording = false;
  #polled = false;
  #textAt = 0;
  #traffic = null; // `{ at, bytes }`: what had arrived when the bit rate was shown

  /** Gets the highest peak of the channels. */
  onLevel = () => {};

  constructor(worker) {
    this.#worker = worker;
    this.#listening = new Listening(worker);
    $('listen').onclick = () => this.#toggleListen();
    $('record').onclick = () => this.#toggleRecord();
    requestAnimationFrame(() => this.#poll());
  }

  /** Shows a device. `codec` and `bitrate`: what to request. */
  select(device, { codec, bitrate }, token) {
    this.#device = device;
    this.#start = null;
    this.#traffic = null;
    this.#ended = null;
    this.#listening.stop();
    this.#meters.reset();
    this.#log.reset();
    $('no-events').hidden = false;
    $('device').hidden = false;
    this.showDevice(device);
    this.#showSnippets();
    this.#generation++;
    this.#worker.postMessage({
      select: {
        deviceId: device.deviceId,
        sampleRateHz: device.captureFormat?.sampleRateHz || FALLBACK_RATE,
        channelCount: device.captureFormat?.channelCount ?? 0,
        codec,
        bitrate,
        token,
        generation: this.#generation,
      },
    });
    this.#showButtons();
  }

  /** Shows what the list says about the device. */
  showDevice(device) {
    this.#device = device;
    document.title = `${device.name || device.deviceId} \u2013 Lavalier`;
    setText($('device-name'), device.name || device.deviceId);
    setText($('device-details'), [
      device.description, formatText(device.captureFormat), stateName(device.state), listeners(device.subscriberCount),
    ].filter(Boolean).join(' \u00b7 '));
  }

  /** Handles a message of the worker. */
  receive(data) {
    if (data.view) this.#polled = false;
    if (data.recorded) this.#save(data.recorded);
    if (data.generation !== this.#generation) return;
    if (data.started) this.#onStarted(data);
    if (data.ended) {
      this.#ended = data.ended;
      this.#showStatus(null);
    }
    if (data.view) this.#draw(data.view);
  }

  #onStarted({ started, lanes, same }) {
    this.#start = started;
    this.#ended = null;
    if (!same) this.#time.reset(lanes, started.format.sampleRateHz);
    this.#showButtons();
    if (this.#wantsSound) this.#startSound();
  }

  async #startSound() {
    try {
      await this.#listening.start(this.#start.format);
    } catch (error) {
      this.#wantsSound = false;
      this.#log.add({ kind: 'notice', text: `The browser cannot play this device: ${error.message}`, unixMs: Date.now() });
    }
    this.#showButtons();
  }

  #toggleListen() {
    this.#wantsSound = !this.#wantsSound;
    if (!this.#wantsSound) this.#listening.stop();
    else if (this.#start) this.#startSound();
    this.#showButtons();
  }

  #toggleRecord() {
    this.#recording = !this.#recording;
    this.#worker.postMessage({ record: this.#recording });
    this.#showButtons();
  }

  #showButtons() {
    $('listen').setAttribute('aria-pressed', String(this.#wantsSound));
    setText($('listen'), this.#wantsSound ? 'Stop listening' : 'Listen');
    $('record').setAttribute('aria-pressed', String(this.#recording));
    if (!this.#recording) setText($('record'), 'Record');
    $('record').disabled = !this.#start;
  }

  #save({ blob, startUnixNanos, seconds, reason, deviceId }) {
    this.#recording = false;
    this.#showButtons();
    if (!blob) return;
    const name = fileName(deviceId, startUnixNanos);
    const link = element('a', { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    const why = reason ? `, because ${reason}` : '';
    this.#log.add({ kind: 'notice', text: `Recorded ${duration(seconds * 1e3)} as ${name}${why}.`, unixMs: Date.now() });
    $('no-events').hidden = true;
  }

  /** Asks the worker for what is new, once for each frame that the browser draws. */
  #poll() {
    requestAnimationFrame(() => this.#poll());
    if (this.#polled || !this.#device) return;
    this.#polled = true;
    this.#worker.postMessage({ poll: true });
  }

  #draw(view) {
    const now = performance.now();
    for (const event of view.events) {
      this.#log.add(event);
      if (event.kind === 'gap') this.#time.mark(event.column, count(event.gap.sampleCount));
      $('no-events').hidden = true;
    }
    this.#log.addDropped(view.droppedEvents);
    this.#time.add(view.columns, view.columnCount);
    if (this.#start && view.columns.length > 0) {
      this.#meters.show(view.levels, now);
      this.onLevel(Math.max(...view.levels.map((level) => level.peak)));
    }
    if (now - this.#textAt >= TEXT_INTERVAL_MS) {
      this.#textAt = now;
      this.#showTexts(view);
    }
  }

  #showTexts(view) {
    this.#showStatus(view);
    const rate = this.#start?.format.sampleRateHz ?? FALLBACK_RATE;
    const samples = (number) => `${count(number)} samples (${duration((number / rate) * 1e3)})`;
    setText($('received'), samples(view.received));
    setText($('missing'), view.missing === 0 ? 'none' : samples(view.missing));
    $('missing').dataset.sampleCount = view.missing;
    $('received').dataset.sampleCount = view.received;
    const { peakFrequency, player } = view;
    setText($('peak'), peakFrequency && this.#start
      ? `Strongest: ${peakFrequency.hz.toFixed(1)} Hz, ${decibelText(peakFrequency.decibels)} dBFS` : '');
    const playing = this.#listening.active && player?.latencyMs;
    if (playing) setText($('latency'), `${duration(player.latencyMs + this.#listening.outputMs)} from the device to the loudspeaker`);
    else setText($('latency'), view.newestMs === null ? 'unknown' : `${duration(view.newestMs)} from the device to this page`);
    setText($('playback'), playing
      ? `buffer ${duration(player.queuedMs)} (target ${duration(player.targetMs)}), ${plural(player.underruns, 'underrun')}, `
        + `${plural(player.skippedFrames, 'frame')} skipped, ${plural(player.correctedSamples, 'sample')} corrected`
      : 'off');
    this.#showTraffic(view.receivedBytes);
    if (view.recordedSeconds !== null) setText($('record'), `Stop recording (${duration(view.recordedSeconds * 1e3)})`);
  }

  #showTraffic(bytes) {
    const at = performance.now();
    const last = this.#traffic;
    if (!this.#start) setText($('traffic'), 'unknown');
    else if (!last || bytes < last.bytes) this.#traffic = { at, bytes };
    else if (at - last.at >= BITRATE_INTERVAL_MS) {
      this.#traffic = { at, bytes };
      const { codec, bitrate } = this.#start;
      const granted = bitrate > 0 ? ` with ${bitrateText(bitrate)}` : '';
      setText($('traffic'), `${codecName(codec)}${granted}, ${bitrateText(((bytes - last.bytes) * 8e3) / (at - last.at))} received`);
    }
  }

  #showStatus(view) {
    const status = $('status');
    let text = '';
    if (this.#ended) text = statusText(this.#ended);
    else if (!this.#start) text = 'Opening the device.';
    else if (view && view.quietMs > QUIET_MS) text = `No audio for ${Math.floor(view.quietMs / 1e3)} s.`;
    else if (view?.muted) text = 'The device is silent: it delivers only zeros.';
    else if (view) text = `Receiving ${formatName(this.#start.format)} as ${codecName(this.#start.codec)}.`;
    else return;
    status.classList.toggle('problem', !text.startsWith('Receiving'));
    setText(status, text);
  }

  #showSnippets() {
    const rows = snippets(this.#device.deviceId, location).map(({ name, text }) => {
      const copy = element('button', { type: 'button', 'aria-label': `Copy: ${name}` }, 'Copy');
      copy.onclick = async () => {
        await navigator.clipboard.writeText(text);
        copy.textContent = 'Copied';
        setTimeout(() => { copy.textContent = 'Copy'; }, 2_000);
      };
      return element('div', { class: 'snippet' }, element('h4', {}, name, copy), element('pre', {}, text));
    });
    $('snippet-list').replaceChildren(...rows);
  }
}
