// Reads and writes protobuf messages. A message type is a table of fields: see contract.js.
//
// 64-bit integers become numbers. Counts of samples and epochs fit without loss; times in
// nanoseconds since 1970 are rounded to 256 ns.

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
const TWO_32 = 4294967296;

const SCALARS = {
  int32: { wire: VARINT, empty: 0 },
  uint32: { wire: VARINT, empty: 0 },
  int64: { wire: VARINT, empty: 0 },
  bool: { wire: VARINT, empty: false },
  double: { wire: FIXED64, empty: 0 },
  string: { wire: LENGTH_DELIMITED, empty: '' },
  bytes: { wire: LENGTH_DELIMITED, empty: new Uint8Array(0) },
};

const utf8 = new TextDecoder();
const utf8Encoder = new TextEncoder();

/**
 * Defines a message type. `fields` maps the name of a field to [number, type] or
 * [number, type, 'repeated']. A type is the name of a scalar, or another message type.
 */
export function messageType(fields) {
  const list = Object.entries(fields).map(([name, [number, type, label]]) => ({
    name, number, type, repeated: label === 'repeated', scalar: SCALARS[type],
  }));
  return { list, byNumber: new Map(list.map((field) => [field.number, field])) };
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.low = 0; // of the last varint
    this.high = 0;
  }

  get done() {
    return this.at >= this.bytes.length;
  }

  /** Reads a varint into `low` and `high`, as unsigned 32-bit numbers. */
  varint() {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.done) throw new Error('the message ends within a number');
      const byte = this.bytes[this.at++];
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else if (shift === 28) {
        low |= (byte & 0x0f) << 28;
        high = (byte & 0x7f) >> 4;
      } else high |= (byte & 0x7f) << (shift - 32);
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return this.low;
      }
    }
    throw new Error('a number is longer than 10 bytes');
  }

  skip(count) {
    const from = this.at;
    if (count > this.bytes.length - from) throw new Error('the message ends within a field');
    this.at += count;
    return from;
  }

  delimited() {
    this.varint();
    if (this.high !== 0) throw new Error('a field is longer than 4 GiB');
    const from = this.skip(this.low);
    return this.bytes.subarray(from, this.at);
  }

  skipField(wire) {
    if (wire === VARINT) this.varint();
    else if (wire === FIXED64) this.skip(8);
    else if (wire === LENGTH_DELIMITED) this.delimited();
    else if (wire === FIXED32) this.skip(4);
    else throw new Error(`wire type ${wire} is unknown`);
  }

  value(type) {
    switch (type) {
      case 'int32':
        this.varint();
        return this.low | 0;
      case 'uint32':
        return this.varint();
      case 'int64':
        this.varint();
        return (this.high | 0) * TWO_32 + this.low;
      case 'bool':
        this.varint();
        return this.low !== 0 || this.high !== 0;
      case 'double':
        return this.view.getFloat64(this.skip(8), true);
      case 'string':
        return utf8.decode(this.delimited());
      case 'bytes':
        return this.delimited();
      default:
        return decode(type, this.delimited());
    }
  }
}

/**
 * Returns a message as an object. A scalar that is not in the message has its default value, a
 * message is null, and a repeated field is an empty array. `bytes` are views of the input. Throws
 * an Error if the input is not a message.
 */
export function decode(type, bytes) {
  const message = {};
  for (const { name, repeated, scalar } of type.list) {
    if (repeated) message[name] = [];
    else message[name] = scalar ? scalar.empty : null;
  }
  const reader = new Reader(bytes);
  while (!reader.done) {
    const tag = reader.varint();
    const wire = tag & 7;
    const field = type.byNumber.get(tag >>> 3);
    const expected = field?.scalar ? field.scalar.wire : LENGTH_DELIMITED;
    if (field?.repeated && wire === LENGTH_DELIMITED && expected !== LENGTH_DELIMITED) {
      const packed = new Reader(reader.delimited());
      while (!packed.done) message[field.name].push(packed.value(field.type));
    } else if (!field || wire !== expected) {
      reader.skipField(wire);
    } else if (field.repeated) {
      message[field.name].push(reader.value(field.type));
    } else {
      message[field.name] = reader.value(field.type);
    }
  }
  return message;
}

class Writer {
  constructor() {
    this.bytes = [];
  }

  varint(value) {
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 128n) {
      this.bytes.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    this.bytes.push(Number(rest));
  }

  delimited(bytes) {
    this.varint(bytes.length);
    for (const byte of bytes) this.bytes.push(byte);
  }

  value({ type, scalar, number }, value) {
    this.varint(number * 8 + (scalar ? scalar.wire : LENGTH_DELIMITED));
    if (type === 'string') this.delimited(utf8Encoder.encode(value));
    else if (type === 'bytes') this.delimited(value);
    else if (type === 'double') this.bytes.push(...new Uint8Array(new Float64Array([value]).buffer));
    else if (scalar) this.varint(Number(value));
    else this.delimited(encode(type, value));
  }
}

/** Returns the bytes of a message. Fields that are missing in `message` are left out. */
export function encode(type, message) {
  const writer = new Writer();
  for (const field of type.list) {
    const value = message[field.name];
    if (field.repeated) {
      for (const item of value ?? []) writer.value(field, item);
    } else if (value !== undefined && value !== null && value !== field.scalar?.empty) {
      writer.value(field, value);
    }
  }
  return Uint8Array.from(writer.bytes);
}
