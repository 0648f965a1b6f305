import assert from 'node:assert/strict';
import test from 'node:test';
import { decode, encode, messageType } from '../../main/resources/dev/lavalier/web/page/wire.js';

const Inner = messageType({ value: [1, 'int32'] });
const Message = messageType({
  number: [1, 'int32'], long: [2, 'int64'], text: [3, 'string'], inner: [4, Inner], list: [5, 'int32', 'repeated'],
  flag: [6, 'bool'], real: [7, 'double'], raw: [8, 'bytes'], inners: [9, Inner, 'repeated'],
});

test('roundTripKeepsEveryValue', () => {
  const message = {
    number: -1, long: -(2 ** 52), text: 'Mikrofon ü', inner: { value: 7 }, list: [0, 1, -5], flag: true, real: -0.5,
    raw: Uint8Array.of(0, 255), inners: [{ value: 1 }, { value: 0 }],
  };
  assert.deepEqual(decode(Message, encode(Message, message)), message);
});

test('emptyMessageHasDefaults', () => {
  assert.deepEqual(decode(Message, new Uint8Array(0)), {
    number: 0, long: 0, text: '', inner: null, list: [], flag: false, real: 0, raw: new Uint8Array(0), inners: [],
  });
});

test('unknownFieldsAreSkipped', () => {
  const bytes = Uint8Array.of(0xf8, 0x01, 5, 0xfa, 0x01, 1, 9, 0xfd, 0x01, 1, 2, 3, 4, 0xf9, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 8, 3);
  assert.equal(decode(Message, bytes).number, 3);
});

test('packedFieldIsRead', () => {
  assert.deepEqual(decode(Message, Uint8Array.of(0x2a, 3, 1, 0x96, 0x01)).list, [1, 150]);
});

test('messageThatEndsEarlyIsRejected', () => {
  for (const bytes of [[0x08], [0x1a, 5, 65], [0x39, 1, 2], [0x08, 0x80], [0x0b], Array(12).fill(0xff)]) {
    assert.throws(() => decode(Message, Uint8Array.from(bytes)), /the message ends|longer than|unknown/);
  }
});
