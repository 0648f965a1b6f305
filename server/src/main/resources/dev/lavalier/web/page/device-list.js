// The list of devices, from WatchDevices.
import { DeviceState } from './contract.js';
import { element, setText } from './element.js';
import { scalePosition } from './meters.js';
import { decibels, formatText, listeners, stateName } from './words.js';

class Row {
  constructor(onSelect) {
    this.name = element('span', { class: 'name' });
    this.state = element('span', { class: 'state' });
    this.details = element('span', { class: 'details' });
    this.fill = element('span', { class: 'fill' });
    this.level = element('span', { class: 'level', 'aria-hidden': 'true' }, this.fill);
    this.button = element('button', { type: 'button' },
      element('span', { class: 'head' }, this.name, this.state), this.details, this.level);
    this.button.onclick = onSelect;
    this.item = element('li', {}, this.button);
  }

  show(device, selected) {
    setText(this.name, device.name || device.deviceId);
    this.name.title = device.description;
    setText(this.state, stateName(device.state));
    this.state.dataset.state = device.state;
    const parts = [device.deviceId, formatText(device.captureFormat), listeners(device.subscriberCount)];
    if (device.isDefault) parts.push('default');
    if (device.recorded) parts.push('recorded');
    setText(this.details, parts.join(' \u00b7 '));
    this.button.setAttribute('aria-pressed', String(selected));
  }
}

export class DeviceList {
  #container;
  #onSelect;
  #rows = new Map();
  #selected = null;

  /** By id, in the order of the server. */
  devices = new Map();

  constructor(container, onSelect) {
    this.#container = container;
    this.#onSelect = onSelect;
  }

  /** Applies a message of WatchDevices. */
  update({ snapshot, device, removedDeviceId }) {
    if (snapshot) this.devices = new Map(snapshot.devices.map((d) => [d.deviceId, d]));
    else if (device) this.devices.set(device.deviceId, device);
    else if (removedDeviceId) this.devices.delete(removedDeviceId);
    for (const [deviceId, row] of this.#rows) {
      if (!this.devices.has(deviceId)) {
        row.item.remove();
        this.#rows.delete(deviceId);
      }
    }
    for (const d of this.devices.values()) {
      let row = this.#rows.get(d.deviceId);
      if (!row) {
        row = new Row(() => this.#onSelect(d.deviceId));
        this.#rows.set(d.deviceId, row);
        this.#container.append(row.item);
      }
      row.show(d, d.deviceId === this.#selected);
      if (d.state !== DeviceState.OPEN) this.showLevel(d.deviceId, 0);
    }
  }

  select(deviceId) {
    this.#selected = deviceId;
    for (const [id, row] of this.#rows) row.show(this.devices.get(id), id === deviceId);
  }

  /** Shows the level of a device: the highest peak of its channels, as a share of full scale. */
  showLevel(deviceId, peak) {
    const row = this.#rows.get(deviceId);
    if (row) row.fill.style.transform = `scaleX(${scalePosition(decibels(peak))})`;
  }

  /**
   * Returns the id of the default device, or of the first one; null if there is none. Of an edge, it
   * is null: nobody chose a microphone of one of its nodes.
   */
  defaultId() {
    const local = [...this.devices.values()].filter((d) => !d.nodeId);
    return (local.find((d) => d.isDefault) ?? local[0])?.deviceId ?? null;
  }
}
