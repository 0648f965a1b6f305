// Serves files over HTTP, with ranges, as usual web servers do.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const PAGE = '<!doctype html><title>Files</title><link rel="icon" href="data:,"><header>Files</header>';
const TYPES = { '.flac': 'audio/flac', '.ogg': 'audio/ogg', '.opus': 'audio/ogg' };

/** A server of the files of a directory, on a free loopback port, with an empty page at `url`. */
export class FileServer {
  static async start(t, directory) {
    const server = http.createServer((request, response) => answer(directory, request, response));
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    t.after(() => server.closeAllConnections());
    t.after(() => server.close());
    return { url: `http://127.0.0.1:${server.address().port}/` };
  }
}

function answer(directory, request, response) {
  const name = path.basename(request.url);
  if (name === '') {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(PAGE);
    return;
  }
  const bytes = fs.readFileSync(path.join(directory, name));
  const headers = { 'Content-Type': TYPES[path.extname(name)], 'Accept-Ranges': 'bytes' };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (!range) {
    response.writeHead(200, { ...headers, 'Content-Length': bytes.length }).end(bytes);
    return;
  }
  const from = Number(range[1]);
  const part = bytes.subarray(from, range[2] ? Number(range[2]) + 1 : bytes.length);
  response.writeHead(206, {
    ...headers, 'Content-Length': part.length, 'Content-Range': `bytes ${from}-${from + part.length - 1}/${bytes.length}`,
  }).end(part);
}
