/** A gateway in a process of its own, and what can be seen of it from outside. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { inRoot } from '../paths.mjs';

/** @typedef {{ fds: number, threads: number, memory: number }} Resources memory in MiB, resident */

export class GatewayProcess {
  #child;
  #stdout = '';
  #stderr = '';
  #ended = false;
  /** Ports of the page and of servers 1 to 4. */
  ports = { page: 0, servers: /** @type {number[]} */ ([]) };

  constructor() {
    const args = ['start', '--port', '0', '--tcp-ports', '0,0,0,0', '--log-level', 'error'];
    const program = inRoot('apps', 'cli', 'dist', 'main.js');
    this.#child = spawn(process.execPath, [program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout.on('data', (data) => (this.#stdout += String(data)));
    this.#child.stderr.on('data', (data) => (this.#stderr += String(data)));
    this.#child.once('close', () => (this.#ended = true));
    process.once('exit', () => this.#child.kill('SIGKILL'));
  }

  async ready() {
    while (!this.#stdout.includes('Sockscope is ready')) {
      if (this.#ended) throw new Error(`the gateway ended: ${this.#stderr}`);
      await pause(20);
    }
    const numbers = [...this.#stdout.matchAll(/(?:listening on|page on) \S*:(\d+)/g)];
    const [one = 0, two = 0, three = 0, four = 0, page = 0] = numbers.map(([, port]) =>
      Number(port),
    );
    this.ports = { page, servers: [one, two, three, four] };
    // Server 2's spare threads, started behind the others, have descriptors of their own.
    while (!(await this.#hasSpareThreads())) await pause(50);
  }

  async #hasSpareThreads() {
    const lab = await (await fetch(`http://127.0.0.1:${this.ports.page}/api/lab`)).text();
    return lab.split('"call":"parked"').length - 1 >= 4;
  }

  /** What was logged as an error, or undefined. */
  get trouble() {
    if (this.#ended) return `the gateway ended:\n${this.#stderr}`;
    return this.#stderr === '' ? undefined : `the gateway logged:\n${this.#stderr}`;
  }

  /** @returns {Resources} */
  resources() {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    const figure = (/** @type {string} */ name) =>
      Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1]);
    return {
      fds: readdirSync(`/proc/${this.#child.pid}/fd`).length,
      threads: figure('Threads'),
      memory: figure('VmRSS') / 1024,
    };
  }

  /** @param {string} path @param {RequestInit} [init] */
  async fetch(path, init) {
    const signal = AbortSignal.timeout(10_000);
    return fetch(`http://127.0.0.1:${this.ports.page}${path}`, { ...init, signal });
  }

  /** The servers' states. @returns {Promise<ServerState[]>} */
  async servers() {
    const answer = await (await this.fetch('/api/lab')).json();
    const { state } = /** @type {{ state: { servers: Record<string, ServerState> } }} */ (answer);
    return Object.values(state.servers);
  }

  /** What a server answers to `22 + 44`, or how that failed. @param {number} port */
  async answer(port) {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setTimeout(5000, () => socket.destroy(new Error('no answer for 5 s')));
    try {
      socket.write('22 + 44\n');
      const [bytes] = await once(socket, 'data');
      return String(bytes);
    } catch (error) {
      return String(error);
    } finally {
      socket.destroy();
    }
  }

  async end() {
    if (this.#ended) return;
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

/**
 * @typedef {{
 *   id: string, status: string, port: number, crashes: number, error: string | null,
 *   settings: Record<string, string | number>,
 *   connections: Record<string, unknown>,
 * }} ServerState
 */
