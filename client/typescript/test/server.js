// Starts Lavalier servers for the tests.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const JAR = fileURLToPath(new URL('../../../server/target/lavalier-server.jar', import.meta.url));
const JAVA = process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin/java') : 'java';
const READY = /^lavalier-server listening on (\S+)\nweb page at (\S+)\n/;

/** A server as a process of its own, on free loopback ports. */
export class Server {
  static async start(...options) {
    const server = new Server();
    server.options = options;
    await server.#launch(0, 0);
    return server;
  }

  /** Kills the server, and starts it again on the same ports. */
  async restart() {
    await this.kill();
    await this.#launch(this.address.split(':').at(-1), new URL(this.url).port);
  }

  async #launch(port, webPort) {
    this.process = spawn(
      JAVA, ['-jar', JAR, '--demo', '--port', `${port}`, '--web-port', `${webPort}`, ...this.options],
      { stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    let out = '';
    this.process.stderr.on('data', (data) => { log += data; });
    await new Promise((resolve, reject) => {
      this.process.stdout.on('data', (data) => {
        out += data;
        if (READY.test(out)) resolve();
      });
      this.process.once('exit', () => reject(new Error(`the server ended\n${out}${log}`)));
    });
    [, this.address, this.url] = READY.exec(out);
  }

  async kill() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = new Promise((resolve) => { this.process.once('exit', resolve); });
    this.process.kill('SIGKILL');
    await exited;
  }
}

/** A server that requires TLS and a token, one on loopback that requires only the token, and the token. */
export async function secureServers() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'lavalier-'));
  const file = (name) => path.join(dir, name);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-keyout', file('key'), '-out', file('certificate'), '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'], { stdio: 'ignore' });
  const token = execFileSync(JAVA, ['-jar', JAR, 'token', 'add', 'me', '--stream', 'tone', '--token-file', file('tokens')],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  const servers = await Promise.all([
    Server.start('--tls-cert', file('certificate'), '--tls-key', file('key'), '--token-file', file('tokens')),
    Server.start('--token-file', file('tokens')),
  ]);
  const ca = fs.readFileSync(file('certificate'));
  return { encrypted: servers[0], guarded: servers[1], token, ca, close: async () => {
    await Promise.all(servers.map((server) => server.kill()));
    fs.rmSync(dir, { recursive: true });
  } };
}
