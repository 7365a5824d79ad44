// The real program: its command line, and the service on a free port.
import { spawn, execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const BIN = process.env.MINGCE_BIN; // run.sh sets it

/** Runs a command on a registry; its standard output. Throws if it fails. */
export function cli(data, ...args) {
  return execFileSync(BIN, ["--data", data, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** What a command prints with `--json`. */
export const cliJson = (data, ...args) => JSON.parse(cli(data, "--json", ...args));

const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/** A registry of its own in a temporary folder, and its service. */
export class Office {
  constructor(data) {
    this.data = data;
    this.accounts = {};
  }

  /** A copy of the demo that the runner made once (`MINGCE_DEMO`). */
  static demo() {
    const office = Office.empty();
    cpSync(join(process.env.MINGCE_DEMO, "data"), office.data, { recursive: true });
    const { accounts } = JSON.parse(readFileSync(join(process.env.MINGCE_DEMO, "accounts.json"), "utf8"));
    for (const { role, username, password } of accounts) office.accounts[role] = { username, password };
    return office;
  }

  static empty() {
    return new Office(join(mkdtempSync(join(tmpdir(), "mingce-browser-")), "data"));
  }

  cli(...args) {
    return cli(this.data, ...args);
  }

  /** The arguments with which a role's account signs in at the command line. */
  as(role) {
    const file = join(this.data, "..", `password-${role}`);
    writeFileSync(file, this.accounts[role].password);
    return ["--user", this.accounts[role].username, "--password-file", file];
  }

  json(...args) {
    return cliJson(this.data, ...args);
  }

  /** Starts the service and waits until it answers. */
  async serve(...args) {
    this.origin = `http://127.0.0.1:${await freePort()}`;
    this.log = "";
    const listen = ["--data", this.data, "serve", "--listen", this.origin.slice("http://".length)];
    this.process = spawn(BIN, [...listen, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const keep = (text) => { this.log = (this.log + text).slice(-20_000); };
    this.process.stdout.on("data", keep);
    this.process.stderr.on("data", keep);
    for (let tries = 0; tries < 300; tries += 1) {
      if (this.process.exitCode !== null) break;
      const answer = await fetch(`${this.origin}/health`).catch(() => null);
      if (answer?.ok) return this;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the service did not start:\n${this.log}`);
  }

  /** Stops the service and removes the registry. */
  async close() {
    if (this.process && this.process.exitCode === null) {
      const ended = new Promise((resolve) => this.process.once("exit", resolve));
      this.process.kill("SIGTERM");
      await ended;
    }
    rmSync(join(this.data, ".."), { recursive: true, force: true });
  }

  /** A request of a program, signed in by name and password. */
  async api(role, path) {
    const { username, password } = this.accounts[role];
    const json = { "content-type": "application/json" };
    const body = JSON.stringify({ username, password });
    const session = await fetch(`${this.origin}/api/v1/session`, { method: "POST", headers: json, body });
    if (!session.ok) throw new Error(`no session for ${username}: ${session.status}`);
    const { access_token } = await session.json();
    const answer = await fetch(`${this.origin}/api/v1${path}`, { headers: { authorization: `Bearer ${access_token}` } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** Every check of the registry against itself; throws with what failed. */
  verify() {
    this.cli("verify", "--full");
  }
}
