// The page: connects the list of devices, the worker, and what is drawn.
import { CodecChoice } from './codec-choice.js';
import { supportedCodecs } from './codecs.js';
import { Status, WatchDevicesRequest, WatchDevicesResponse } from './contract.js';
import { DeviceList } from './device-list.js';
import { DeviceView } from './device-view.js';
import { element, setText } from './element.js';
import { LevelCalls } from './level-calls.js';
import { RepeatedCall } from './repeated-call.js';
import { statusText } from './words.js';

const TOKEN_KEY = 'lavalier.token'; // in sessionStorage: it is gone when the tab is closed

const $ = (id) => document.getElementById(id);

const worker = new Worker('stream-worker.js', { type: 'module' });
const list = new DeviceList($('devices'), select);
const view = new DeviceView(worker);
const codecs = new CodecChoice($('codec'), await supportedCodecs(), () => {
  if (selected !== null) select(selected);
});
const levelCalls = new LevelCalls((deviceId, peak) => list.showLevel(deviceId, peak));
let token = sessionStorage.getItem(TOKEN_KEY) ?? '';
let watch = null;
let selected = null;

function address() {
  return new URLSearchParams(location.hash.slice(1));
}

function hashId() {
  return address().get('device') || null;
}

function select(deviceId) {
  selected = deviceId;
  const device = list.devices.get(deviceId);
  const wanted = new URLSearchParams({ device: deviceId, ...(codecs.value && { codec: codecs.value }) });
  if (location.hash !== `#${wanted}`) history.replaceState(null, '', `#${wanted}`);
  list.select(deviceId);
  view.select(device, codecs.request(device.captureFormat?.channelCount ?? 0), token);
  watchLevels();
}

function watchLevels() {
  const others = [...list.devices.keys()].filter((id) => id !== selected);
  levelCalls.watch($('all-levels').checked ? others : [], token);
}

function onDevices(message) {
  setText($('connection'), 'connected');
  $('access').hidden = true;
  list.update(message);
  $('no-devices').hidden = list.devices.size > 0;
  if (selected === null) {
    const wanted = hashId();
    const id = list.devices.has(wanted) ? wanted : list.defaultId();
    if (id !== null) select(id);
  } else if (list.devices.has(selected)) {
    view.showDevice(list.devices.get(selected));
  }
  watchLevels();
}

function onWatchEnd(status) {
  const denied = status.code === Status.UNAUTHENTICATED;
  if (denied) askForToken(status.message);
  setText($('connection'), denied ? 'no access' : statusText(status));
}

function askForToken(message) {
  setText($('access-text'), token ? `The server does not accept this token: ${message}` : 'The server requires a token.');
  $('access').hidden = false;
  $('token').focus();
}

function connect() {
  watch?.cancel();
  setText($('connection'), 'connecting');
  watch = new RepeatedCall({
    method: 'WatchDevices',
    types: { request: WatchDevicesRequest, response: WatchDevicesResponse },
    request: {},
    token,
    onMessage: onDevices,
    onEnd: onWatchEnd,
  });
}

$('access').onsubmit = (event) => {
  event.preventDefault();
  token = $('token').value.trim();
  $('token').value = '';
  sessionStorage.setItem(TOKEN_KEY, token);
  levelCalls.watch([], token);
  selected = null; // the device of the address is selected again
  connect();
};
$('all-levels').onchange = watchLevels;
window.addEventListener('hashchange', () => {
  const before = codecs.value;
  codecs.value = address().get('codec');
  if (list.devices.has(hashId()) && (hashId() !== selected || codecs.value !== before)) select(hashId());
});

worker.onmessage = ({ data }) => {
  if (data.version) setText($('server'), `${location.host}, version ${data.version}`);
  else view.receive(data);
};
view.onLevel = (peak) => list.showLevel(selected, peak);
codecs.value = address().get('codec');
setText($('server'), location.host);
if (!window.isSecureContext) {
  document.body.prepend(element('p', { class: 'warning', role: 'alert' },
    'This page can play sound only over https, or on the machine of the server.'));
}
connect();
