// The TypeScript clients of the behaviour tests. README.md describes the commands and events.
// Usage: node behaviour.mjs node|web
import fs from 'node:fs';
import { createRequire } from 'node:module';
import readline from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { GapCause, LavalierError, OnDeviceLoss } from '../typescript/dist/index.js';
import { connect as connectNode } from '../typescript/dist/node.js';
import { connect as connectWeb } from '../typescript/dist/web.js';

const { WebSocket } = createRequire(new URL('../typescript/package.json', import.meta.url))('ws');
const transport = process.argv[2];

let stream = null;
let pauseMs = 0;

function emit(event, fields = {}) {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

function connect({ server, ca, token_file: tokenFile }) {
  const token = tokenFile ? () => {
    emit('token');
    return fs.readFileSync(tokenFile, 'utf8').trim();
  } : undefined;
  const authority = ca ? fs.readFileSync(ca) : undefined;
  if (transport === 'node') return connectNode(server, { token, ca: authority });
  class TrustingWebSocket extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols, { ca: authority });
    }
  }
  return connectWeb(server, { token, WebSocket: TrustingWebSocket });
}

function partsOf(gap) {
  if (!gap) return [];
  const parts = gap.parts.length > 0 ? gap.parts : [gap];
  return parts.map(({ sampleCount, cause, estimated }) => [Number(sampleCount), GapCause[cause], estimated]);
}

async function run(options) {
  const client = connect(options);
  let epoch = null;
  try {
    stream = await client.pullFrames({
      deviceId: options.device,
      maxLatencyMs: options.max_latency_ms,
      onDeviceLoss: options.wait ? OnDeviceLoss.WAIT : OnDeviceLoss.FAIL,
      start: options.preroll_ms ? { case: 'prerollMs', value: options.preroll_ms } : { case: undefined },
    }, { onNotice: ({ message }) => emit('notice', { message }) });
    for await (const frame of stream) {
      const now = Date.now();
      const { started } = stream;
      if (started.epoch !== epoch) {
        epoch = started.epoch;
        emit('started', {
          epoch: Number(epoch), rate: started.format.sampleRateHz, frame_size: started.frameSize,
          preroll_ms: started.prerollMs,
        });
      }
      const timeUs = Number(frame.captureTimeUnixNanos / 1_000n);
      emit('frame', {
        index: Number(frame.sampleIndex),
        time_us: timeUs,
        age_ms: Math.floor(now - (timeUs + frame.readDelayMicros) / 1e3),
        gap: partsOf(frame.gap),
      });
      if (pauseMs > 0) {
        emit('paused');
        await setTimeout(pauseMs);
        pauseMs = 0;
        emit('resumed');
      }
    }
    emit('end', { error: '', message: '' });
  } catch (error) {
    if (!(error instanceof LavalierError)) throw error;
    emit('end', { error: error.kind, message: error.message });
  } finally {
    client.close();
  }
}

emit('ready');
for await (const line of readline.createInterface({ input: process.stdin })) {
  const space = line.indexOf(' ');
  const command = space < 0 ? line : line.slice(0, space);
  if (command === 'open') run(JSON.parse(line.slice(space)));
  else if (command === 'pause') pauseMs = Number(line.slice(space));
  else if (command === 'close') stream.close();
}
