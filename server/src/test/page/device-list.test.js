// Tests which device the page opens first.
import assert from 'node:assert/strict';
import test from 'node:test';
import { DeviceList } from '../../main/resources/dev/lavalier/web/page/device-list.js';

function defaultId(...devices) {
  const list = new DeviceList(null, () => {});
  list.devices = new Map(devices.map((d) => [d.deviceId, d]));
  return list.defaultId();
}

test('defaultDeviceIsOpenedOrTheFirstOne', () => {
  assert.equal(defaultId(), null);
  assert.equal(defaultId({ deviceId: 'a', nodeId: '' }, { deviceId: 'b', nodeId: '' }), 'a');
  assert.equal(defaultId({ deviceId: 'a', nodeId: '' }, { deviceId: 'b', nodeId: '', isDefault: true }), 'b');
});

test('deviceOfANodeIsNotOpenedBeforeItIsSelected', () => {
  assert.equal(defaultId({ deviceId: 'studio-3/mic', nodeId: 'studio-3' }), null);
});
