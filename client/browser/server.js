// Starts a Lavalier server for a test, and runs its programs.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const JAR = process.env.SERVER_JAR
  ?? fileURLToPath(new URL('../../server/target/lavalier-server.jar', import.meta.url));
const CLIENT_JAR = process.env.CLIENT_JAR
  ?? fileURLToPath(new URL('../cli/target/lavalier.jar', import.meta.url));
const JAVA = process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin/java') : 'java';
const ADDRESS = /^lavalier-server listening on (\S+)\n/m;
const WEB_PAGE = /^web page at (\S+)\n/m;

/** A server as a process of its own, on free loopback ports. */
export class Server {
  static async start(...options) {
    const server = new Server();
    server.options = options;
    await server.#launch(0);
    return server;
  }

  /** Starts again on the same web port, after `stop`. */
  async restart() {
    await this.#launch(new URL(this.url).port);
  }

  async #launch(webPort) {
    const arguments_ = ['-jar', JAR, '--demo', '--port', '0', '--web-port', `${webPort}`, ...this.options];
    this.process = spawn(JAVA, arguments_, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.log = '';
    this.process.stderr.on('data', (data) => { this.log += data; });
    let out = '';
    await new Promise((resolve, reject) => {
      this.process.stdout.on('data', (data) => {
        out += data;
        if (WEB_PAGE.test(out)) resolve();
      });
      this.process.once('exit', () => reject(new Error(`the server ended\n${out}${this.log}`)));
    });
    [, this.address] = ADDRESS.exec(out);
    [, this.url] = WEB_PAGE.exec(out);
  }

  /** Stops the server and waits for its end. */
  async stop(signal = 'SIGTERM') {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = new Promise((resolve) => { this.process.once('exit', resolve); });
    this.process.kill(signal);
    await exited;
  }
}

/** Runs a command of the server program, and returns what it prints. */
export async function serverCommand(...arguments_) {
  return (await run(JAR, arguments_)).out.trim();
}

/** Runs a command of the program `lavalier`, and returns what it reports on standard error. */
export async function clientCommand(...arguments_) {
  return (await run(CLIENT_JAR, arguments_)).err;
}

async function run(jar, arguments_) {
  const child = spawn(JAVA, ['-jar', jar, ...arguments_], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (data) => { out += data; });
  child.stderr.on('data', (data) => { err += data; });
  const code = await new Promise((resolve) => { child.once('close', resolve); });
  if (code !== 0) throw new Error(`exit code ${code}\n${err}`);
  return { out, err };
}
