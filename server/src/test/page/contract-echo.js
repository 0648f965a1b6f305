// Reads lines `TYPE HEX` from standard input, and writes for each one a line of JSON: the table of
// the type, the decoded message, and the message encoded again. PageMessagesTest runs it.
import { createInterface } from 'node:readline';
import * as contract from '../../main/resources/dev/lavalier/web/page/contract.js';
import { decode, encode } from '../../main/resources/dev/lavalier/web/page/wire.js';

function table(type) {
  return type.list.map(({ name, number, repeated, type: field }) => ({
    name, number, repeated, type: typeof field === 'string' ? field : table(field),
  }));
}

for await (const line of createInterface({ input: process.stdin })) {
  const [name, hex = ''] = line.split(' ');
  const type = contract[name];
  const decoded = decode(type, new Uint8Array(Buffer.from(hex, 'hex')));
  const encoded = Buffer.from(encode(type, decoded)).toString('hex');
  const shown = (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value);
  console.log(JSON.stringify({ table: table(type), decoded, encoded }, shown));
}
