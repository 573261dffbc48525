/* One kernel: a Python process on the reader's machine, which this page talks to.
 *
 * A page and its kernel are tied by Jupyter's *session*, whose name is the page's path: a
 * reload and a second tab find the same kernel. Messages are those of Jupyter's protocol
 * 5.3, all over one WebSocket. A request has ended when its reply is there and the kernel
 * has said that it is idle again; they come over two channels, in any order. */

import { t } from "../words.js";
import { forget, token } from "./token.js";

const WORDS = {
  gone: t(
    "The live server does not answer. Start it again with “make live”, then run this again. What you wrote stays here.",
  ),
  refused: t(
    "The live server was started anew. Open the address that it printed, then run this again. What you wrote stays here.",
  ),
  lost: t("The connection to Python was lost while this ran. Run it again to connect anew."),
  died: t(
    "Python has ended, perhaps for want of memory, and its variables are gone. The next run starts it anew.",
  ),
  restarted: t("Python was started anew before this ended."),
};

/** What went wrong between the page and its kernel, in words for the reader. */
export class KernelError extends Error {
  constructor(reason) {
    super(WORDS[reason]);
    this.reason = reason;
  }
}

const GREETING = "kernel_info_request";
const PATIENCE = 500; // milliseconds

async function ask(method, path, body) {
  const used = token();
  const headers = { Authorization: `token ${used}`, "Content-Type": "application/json" };
  const options = { method, headers, body: body && JSON.stringify(body) };
  const response = await fetch(`/api/${path}`, options).catch(() => null);
  if (response?.ok) return response.status === 204 ? null : response.json();
  if (!response || response.status >= 500) throw new KernelError("gone");
  forget(used);
  throw new KernelError("refused");
}

function opened(socket) {
  return new Promise((resolve, reject) => {
    socket.addEventListener("open", () => resolve(socket));
    socket.addEventListener("close", () => reject(new KernelError("gone")));
  });
}

/** Tells `state` events: `none`, `starting`, `idle`, `busy` or `lost`. */
export class Kernel extends EventTarget {
  #path;
  #setup;
  #id = "";
  #session = crypto.randomUUID();
  #socket = null;
  #connection = null; // a promise of the socket, once the kernel has answered
  #prepared = false;
  #pending = new Map();
  #others;

  /** `setup` is code that is run, unseen, in a kernel before the first that is seen. */
  constructor(path, setup) {
    super();
    this.state = "none";
    this.#path = path;
    this.#setup = setup;
    // What one tab does to the kernel, the others must know.
    this.#others = new BroadcastChannel(`live ${path}`);
    this.#others.onmessage = () => this.#fail("restarted");
  }

  /** Run code; `hear` gets each message about it. The content of the reply. */
  async run(code, hear, { raises = false } = {}) {
    const socket = await this.#connect();
    if (!this.#prepared) {
      this.#prepared = true;
      const unseen = { silent: true, store_history: false, stop_on_error: false };
      this.#execute(socket, this.#setup, unseen).catch(() => {});
    }
    // An error that is meant does not stop what waits behind it.
    return this.#execute(socket, code, { stop_on_error: !raises }, hear);
  }

  /** Stop what runs; it ends with KeyboardInterrupt. */
  async interrupt() {
    if (this.#id) await ask("POST", `kernels/${this.#id}/interrupt`);
  }

  /** Begin anew, without variables. What is run meanwhile waits. */
  async restart() {
    if (!this.#id) return;
    this.#drop("restarted");
    await this.#connect(() => ask("POST", `kernels/${this.#id}/restart`));
    this.#others.postMessage("restarted");
    this.#tell("idle");
  }

  /** Find the kernel that this page has already, if it has one. */
  async find() {
    const sessions = await ask("GET", "sessions");
    if (sessions.some(({ path }) => path === this.#path)) await this.#connect();
  }

  /* ---- The connection ---------------------------------------------------------------- */

  #connect(before = () => {}) {
    this.#connection ??= this.#open(before).catch((error) => {
      this.#connection = null;
      this.#tell(error.reason === "refused" ? "none" : "lost");
      throw error;
    });
    return this.#connection;
  }

  async #open(before) {
    this.#tell("starting");
    await before();
    const page = { path: this.#path, type: "page" };
    const { kernel } = await ask("POST", "sessions", page);
    this.#id = kernel.id;
    const where = `${origin.replace(/^http/, "ws")}/api/kernels/${kernel.id}/channels`;
    const protocols = ["kernel.json", `token.${token()}`];
    const socket = new WebSocket(`${where}?session_id=${this.#session}`, protocols);
    await opened(socket);
    this.#socket = socket;
    socket.addEventListener("message", (event) => this.#receive(event.data));
    socket.addEventListener("close", () => {
      if (socket !== this.#socket) return; // it was dropped
      this.#drop("lost");
      this.#tell("lost");
    });
    await this.#greet(socket);
    this.#tell(kernel.execution_state === "busy" ? "busy" : "idle");
    return socket;
  }

  /* A kernel that has just come up may speak before it is listened to here, so it is asked
   * until its reply and its state have both come. It hears the channel `control` even
   * while it runs something. */
  async #greet(socket) {
    const patience = () => new Promise((resolve) => setTimeout(resolve, PATIENCE, false));
    for (let answered = false; !answered;) {
      const answer = this.#request(socket, "control", GREETING, {});
      answered = await Promise.race([answer.then(() => true), patience()]);
    }
  }

  /* What was sent to a process that has ended may be lost on the way, so what begins anew
   * begins with a socket of its own. */
  #drop(reason) {
    const socket = this.#socket;
    this.#socket = null;
    this.#connection = null;
    socket?.close();
    this.#fail(reason);
  }

  #fail(reason) {
    this.#prepared = false;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const request of pending) request.reject(new KernelError(reason));
  }

  #tell(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  /* ---- Messages ---------------------------------------------------------------------- */

  #execute(socket, code, options, hear) {
    const plain = { silent: false, store_history: true, user_expressions: {} };
    // Nobody answers `input()` here, and the kernel is told so.
    const content = { code, ...plain, allow_stdin: false, ...options };
    return this.#request(socket, "shell", "execute_request", content, hear);
  }

  #request(socket, channel, type, content, hear = () => {}) {
    const id = crypto.randomUUID();
    const header = {
      msg_id: id,
      msg_type: type,
      session: this.#session,
      username: "reader",
      date: new Date().toISOString(),
      version: "5.3",
    };
    const rest = { parent_header: {}, metadata: {}, buffers: [], channel };
    socket.send(JSON.stringify({ header, content, ...rest }));
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { hear, resolve, reject, reply: null, idle: false });
    });
  }

  #receive(data) {
    if (typeof data !== "string") return; // a widget's bytes: nothing here shows them
    const message = JSON.parse(data);
    const type = message.header.msg_type;
    const { msg_id: id, msg_type: about } = message.parent_header;
    if (type === "status" && about !== GREETING)
      this.#heed(message.content.execution_state);
    const request = this.#pending.get(id);
    if (!request) return;
    if (message.channel !== "iopub") request.reply = message.content;
    else request.hear(type, message.content, message.metadata);
    request.idle ||= type === "status" && message.content.execution_state === "idle";
    if (!request.reply || !request.idle) return;
    this.#pending.delete(id);
    request.resolve(request.reply);
  }

  #heed(state) {
    if (state === "restarting" || state === "dead") {
      this.#drop("died");
      this.#tell("none");
    } else if (state === "idle" || state === "busy") {
      this.#tell(state);
    }
  }
}
