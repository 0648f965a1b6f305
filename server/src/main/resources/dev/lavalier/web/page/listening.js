// Plays the stream of the worker: creates the audio context and connects its thread to the worker.

const TARGET_MS = 60;
// Firefox asks its sound process for the output latency while it holds a lock that the audio thread needs. With
// PulseAudio this can block the page for ever.
const FIREFOX = /\bFirefox\//.test(navigator.userAgent);

export class Listening {
  #worker;
  #context = null;
  #node = null;
  #format = ''; // what the context was made for

  constructor(worker) {
    this.#worker = worker;
  }

  get active() {
    return this.#context !== null;
  }

  /** The time from the worklet to the loudspeaker in milliseconds, as the browser reports it. */
  get outputMs() {
    if (!this.#context) return 0;
    const { baseLatency } = this.#context;
    return (baseLatency + (FIREFOX ? 0 : this.#context.outputLatency ?? 0)) * 1e3;
  }

  /**
   * Starts to play, or starts again if the format differs. Browsers permit this only after a click or
   * a key. Throws an Error if the browser cannot play.
   */
  async start({ sampleRateHz, channelCount }) {
    const played = channelCount <= 2 ? channelCount : 1;
    const format = `${sampleRateHz}/${played}`;
    if (this.#context && this.#format === format) return;
    this.stop();
    const context = new AudioContext({ sampleRate: sampleRateHz, latencyHint: 'interactive' });
    this.#context = context;
    this.#format = format;
    try {
      await Promise.all([context.audioWorklet.addModule('playback-worklet.js'), context.resume()]);
      if (this.#context === context) this.#connect(played);
    } catch (error) {
      if (this.#context !== context) return; // stopped meanwhile
      this.stop();
      throw error;
    }
  }

  #connect(channelCount) {
    const node = new AudioWorkletNode(this.#context, 'lavalier-playback', {
      numberOfInputs: 0,
      outputChannelCount: [channelCount],
      processorOptions: { channelCount, targetMs: TARGET_MS },
    });
    this.#node = node;
    const { port1, port2 } = new MessageChannel();
    node.port.postMessage({ worker: port2 }, [port2]);
    node.connect(this.#context.destination);
    this.#worker.postMessage({ listen: port1 }, [port1]);
  }

  stop() {
    this.#worker.postMessage({ listen: null });
    this.#node?.port.postMessage({ stop: true });
    this.#context?.close();
    this.#node = null;
    this.#context = null;
  }
}
