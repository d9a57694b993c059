// This file owns what the tests start: the readapi program, a database for each
// test file, and a gate between the two. Rules: everything listens on loopback
// addresses only, and every process is ended by its pid, also when the tests are
// interrupted.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { accessSync, readFileSync } from "node:fs";
import net from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";

const { env } = process;

/** here is the absolute path of a file, relative to this folder. */
export const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const program = env.READAPI_BIN ?? here("../bin/readapi");
const children = new Set();
const killChildren = () => children.forEach((child) => child.kill("SIGKILL"));
process.on("exit", killChildren);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(1));

/** Database is a database of its own on the server that TEST_DB_* names. */
export class Database {
  /** create makes it and runs the statements of an SQL file in it. */
  static async create(file) {
    assert(env.TEST_DB_HOST, "TEST_DB_HOST is not set: run make clients in the folder above, see CONTRIBUTING.md");
    const db = new Database();
    db.name = `readapi_test_clients_${process.pid}`;
    db.address = { host: env.TEST_DB_HOST, port: Number(env.TEST_DB_PORT) };
    db.admin = await createConnection({
      ...db.address,
      user: env.TEST_DB_USER,
      password: env.TEST_DB_PASSWORD,
      connectTimeout: 60_000, // of a loaded machine
    });
    await db.admin.query(`CREATE DATABASE ${db.name} CHARACTER SET utf8mb4`);
    await db.admin.query(`USE ${db.name}`);
    for (const statement of readFileSync(here(file), "utf8").split(";\n")) {
      if (statement.trim()) await db.admin.query(statement);
    }
    return db;
  }

  /** environment is what readapi needs to read from it, or through a gate. */
  environment({ host, port } = this.address) {
    return {
      DB_HOST: host,
      DB_PORT: String(port),
      DB_USER: env.TEST_DB_READER ?? env.TEST_DB_USER,
      DB_PASSWORD: env.TEST_DB_READER ? env.TEST_DB_READER_PASSWORD : env.TEST_DB_PASSWORD,
      DB_NAME: this.name,
    };
  }

  async drop() {
    await this.admin.query(`DROP DATABASE ${this.name}`);
    await this.admin.end();
  }
}

/** output runs the program to its end and returns what it writes on standard output. */
export async function output(environment, ...args) {
  return (await promisify(execFile)(program, args, { env: environment, maxBuffer: 64 << 20 })).stdout;
}

/** Readapi is a running readapi. */
export class Readapi {
  #log = [];
  #lines = new EventEmitter();

  /** start returns once it listens, on a free port. It does not wait for the database. */
  static async start(environment) {
    accessSync(program); // else run make build in the folder above, or set READAPI_BIN
    const server = new Readapi();
    server.child = spawn(program, {
      env: { ADDR: "127.0.0.1:0", ...environment },
      stdio: ["ignore", "ignore", "pipe"],
    });
    children.add(server.child);
    server.ended = once(server.child, "close").then(([code, signal]) => {
      children.delete(server.child);
      server.#lines.emit("line");
      return code ?? signal;
    });
    createInterface(server.child.stderr).on("line", (line) => {
      server.#log.push(line);
      server.#lines.emit("line");
    });
    const [, address] = await server.logged(/msg=listening addr=(\S+)/);
    server.origin = `http://${address}`;
    server.url = `${server.origin}/read`;
    return server;
  }

  /** log is what it has written on standard error. */
  get log() {
    return this.#log.join("\n");
  }

  /** logged waits until a line matches and returns the match. */
  async logged(pattern) {
    for (;;) {
      const match = this.log.match(pattern);
      if (match) return match;
      const { exitCode, signalCode } = this.child;
      assert(exitCode === null && signalCode === null, `readapi ended without ${pattern}; its log:\n${this.log}`);
      await once(this.#lines, "line");
    }
  }

  /** stop asks it to end and returns its exit code, or the signal that ended it. */
  stop() {
    this.child.kill("SIGTERM");
    return this.ended;
  }
}

/**
 * Gate passes TCP connections on to a server, for tests of what happens when it is slow, away or lost. It is an event
 * emitter: "asked" says that a client has sent bytes while the gate holds.
 */
export class Gate extends EventEmitter {
  #connections = new Set();
  #holds = false;
  #left = Infinity; // bytes until it holds

  constructor(target) {
    super();
    this.target = target;
    this.listener = net.createServer((client) => this.#connect(client));
    this.address = { host: "127.0.0.1", port: 0 };
  }

  /** open makes it listen, always on the same port. */
  async open() {
    this.listener.listen(this.address);
    await once(this.listener, "listening");
    this.address.port = this.listener.address().port;
  }

  /** close refuses connections, and cuts those there are. */
  async close() {
    if (!this.listener.listening) return;
    const closed = once(this.listener, "close");
    this.listener.close();
    this.cut();
    await closed;
  }

  /** hold keeps back what the server says from now on. */
  hold() {
    this.#holds = true;
    for (const { server } of this.#connections) server.pause();
  }

  /** release passes on what was held. */
  release() {
    this.#holds = false;
    this.#left = Infinity;
    for (const { server } of this.#connections) server.resume();
  }

  /** cut ends all connections. */
  cut() {
    for (const { client } of this.#connections) client.destroy();
  }

  /** holdAfter holds once the server has said this many bytes from now on. */
  holdAfter(bytes) {
    this.#left = bytes;
  }

  #connect(client) {
    const server = net.connect(this.target);
    const connection = { client, server };
    this.#connections.add(connection);
    if (this.#holds) server.pause();
    for (const socket of [client, server]) {
      socket.on("error", () => {}); // "close" follows
      socket.on("close", () => {
        this.#connections.delete(connection);
        client.destroy();
        server.destroy();
      });
    }
    client.on("data", (bytes) => {
      server.write(bytes);
      if (this.#holds) this.emit("asked");
    });
    server.on("data", (bytes) => {
      this.#left -= bytes.length;
      if (this.#left < 0) this.hold();
      if (client.write(bytes)) return;
      server.pause();
      client.once("drain", () => this.#holds || server.resume());
    });
  }
}
