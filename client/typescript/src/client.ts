import { create, type DescMessage, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import { cancelled, failure, Status } from './errors.js';
import {
  AudioCapture, type Device, type GetServerInfoResponse, type StreamLevelsRequestSchema,
  type StreamLevelsResponse, type WatchDevicesResponse,
} from './gen/lavalier/v1/audio_capture_pb.js';
import { FrameStream, type PullOptions, type PullRequest } from './stream.js';
import { Messages, systemTiming, type Method, type Timing, type Transport } from './transport.js';

/** The subscription to levels: the fields of `StreamLevelsRequest`. The empty object is valid. */
export type LevelsRequest = MessageInitShape<typeof StreamLevelsRequestSchema>;

/** A client of one server. `connect` of `@lavalier/client/node` or `@lavalier/client/web` makes it. */
export class Client {
  readonly #transport: Transport;
  readonly #timing: Timing;
  readonly #open = new Set<() => void>(); // each ends a call
  #closed = false;

  /** @param timing is for tests */
  constructor(transport: Transport, timing: Timing = systemTiming) {
    this.#transport = transport;
    this.#timing = timing;
  }

  /** Returns the devices that can be captured now. Opens none of them. */
  async listDevices(): Promise<Device[]> {
    return (await this.#one(AudioCapture.method.listDevices, {})).devices;
  }

  /** Returns the version, the capabilities and the limits of the server. */
  getServerInfo(): Promise<GetServerInfoResponse> {
    return this.#one(AudioCapture.method.getServerInfo, {});
  }

  /** Returns all devices first, and then each change. Does not reconnect. */
  watchDevices(): AsyncGenerator<WatchDevicesResponse, void> {
    return this.#many(AudioCapture.method.watchDevices, {});
  }

  /** Returns the levels of a device, without audio. The device is open meanwhile. Does not reconnect. */
  streamLevels(request: LevelsRequest = {}): AsyncGenerator<StreamLevelsResponse, void> {
    return this.#many(AudioCapture.method.streamLevels, request);
  }

  /**
   * Subscribes to a device, and waits until the server has opened it. The empty request means the
   * default device, frames of 20 ms, and the capture format. The server checks the values.
   */
  async pullFrames(request: PullRequest = {}, options: PullOptions = {}): Promise<FrameStream> {
    this.#checkOpen();
    return FrameStream.open(this.#transport, request, options, this.#timing, this.#open);
  }

  /** Ends all calls and closes the connection. */
  close(): void {
    this.#closed = true;
    for (const end of this.#open) end();
    this.#transport.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw cancelled('client: closed (expected: an open client)');
  }

  async #one<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>, request: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    for await (const message of this.#many(method, request)) return message;
    throw failure(Status.INTERNAL, `${method.name}: the server sent no message`);
  }

  async* #many<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>, request: MessageInitShape<I>,
  ): AsyncGenerator<MessageShape<O>, void> {
    this.#checkOpen();
    const messages = new Messages(this.#transport, method, this.#timing.now);
    const end = (): void => messages.end(cancelled('the client was closed'));
    this.#open.add(end);
    try {
      messages.send(create(method.input, request), true);
      for (let arrived; (arrived = await messages.take());) yield arrived.message;
    } finally {
      this.#open.delete(end);
      messages.end();
    }
  }
}
