// The levels of the devices that are not in view, from StreamLevels. They open these devices, so
// they run only while the user wants them.
import { ON_DEVICE_LOSS_WAIT, StreamLevelsRequest, StreamLevelsResponse } from './contract.js';
import { RepeatedCall } from './repeated-call.js';

const MAX_CALLS = 16;

export class LevelCalls {
  #calls = new Map();
  #onLevel;

  /** @param onLevel gets the id of a device and the highest peak of its channels */
  constructor(onLevel) {
    this.#onLevel = onLevel;
  }

  /** Makes one call for each of the devices, at most 16, and ends the other calls. */
  watch(deviceIds, token) {
    const wanted = new Set(deviceIds.slice(0, MAX_CALLS));
    for (const [deviceId, call] of this.#calls) {
      if (!wanted.has(deviceId)) {
        call.cancel();
        this.#calls.delete(deviceId);
        this.#onLevel(deviceId, 0);
      }
    }
    for (const deviceId of wanted) {
      if (!this.#calls.has(deviceId)) this.#calls.set(deviceId, this.#start(deviceId, token));
    }
  }

  #start(deviceId, token) {
    return new RepeatedCall({
      method: 'StreamLevels',
      types: { request: StreamLevelsRequest, response: StreamLevelsResponse },
      request: { deviceId, onDeviceLoss: ON_DEVICE_LOSS_WAIT },
      token,
      onMessage: ({ levels }) => {
        if (levels) this.#onLevel(deviceId, Math.max(...levels.channels.map((channel) => channel.peak)));
      },
      onEnd: () => this.#onLevel(deviceId, 0),
    });
  }
}
