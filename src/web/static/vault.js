// Drafts on this device: sealed to a public key of their writer. The private
// key comes from the server after the sign-in and stays in memory; without it
// one can write, not read. Nothing in here deletes an unsent draft by itself.
"use strict";
(() => {
  const NAME = "mingce-drafts", VERSION = 1;
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const able = globalThis.indexedDB && globalThis.crypto && crypto.subtle;

  const b64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

  // Forward migrations only: a newer version adds stores, it never drops one.
  let opened;
  const open = () => opened ||= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      const db = request.result;
      if (!db.objectStoreNames.contains("items")) db.createObjectStore("items", { keyPath: "id" });
      if (!db.objectStoreNames.contains("notes")) db.createObjectStore("notes", { keyPath: "key" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const run = async (store, mode, act) => {
    const db = await open();
    return new Promise((resolve, reject) => {
      const tx = db.transaction(store, mode, { durability: "strict" });
      const request = act(tx.objectStore(store));
      tx.oncomplete = () => resolve(request && request.result);
      tx.onerror = tx.onabort = () => reject(tx.error);
    });
  };
  const note = async (key) => (await run("notes", "readonly", (s) => s.get(key)))?.value;
  const keep = (key, value) => run("notes", "readwrite", (s) => s.put({ key, value, at: Date.now() }));

  // Who writes on this device, and their keys.
  let me = null, csrf = "", privates = new Map();
  const ask = async (options) => {
    const answer = await fetch("/drafts/keys", { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(10000), ...options });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };
  const offer = async (token) => {
    const pair = await crypto.subtle.generateKey(curve, true, ["deriveBits"]);
    const body = new URLSearchParams({
      public: b64(await crypto.subtle.exportKey("raw", pair.publicKey)),
      private: b64(await crypto.subtle.exportKey("pkcs8", pair.privateKey)),
    });
    return ask({ method: "POST", body, headers: { Accept: "application/json", "X-CSRF-Token": token } });
  };
  /** Asks the server who is signed in; without one, remembers who was. */
  const unlock = async () => {
    if (!able) return false;
    try {
      let answer = await ask();
      if (answer.keys.length === 0) answer = await offer(answer.csrf);
      csrf = answer.csrf;
      privates = new Map();
      for (const { id, private: text } of answer.keys) {
        privates.set(id, await crypto.subtle.importKey("pkcs8", bytes(text), curve, false, ["deriveBits"]));
      }
      me = { user: answer.user, key: answer.keys[0].id, public: answer.keys[0].public };
      await keep("me", me);
      return true;
    } catch {
      me = (await note("me")) || null;
      return false;
    }
  };

  const secret = async (mine, theirs, salt, use) => {
    const bits = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, mine, 256);
    const base = await crypto.subtle.importKey("raw", bits, "HKDF", false, ["deriveKey"]);
    const info = new TextEncoder().encode("mingce draft");
    return crypto.subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt, info }, base, { name: "AES-GCM", length: 256 }, false, [use]);
  };
  const bound = (item) => new TextEncoder().encode(`${item.user}/${item.key}/${item.id}`);

  const seal = async (item, plain) => {
    const theirs = await crypto.subtle.importKey("raw", bytes(me.public), curve, false, []);
    const pair = await crypto.subtle.generateKey(curve, false, ["deriveBits"]);
    const point = await crypto.subtle.exportKey("raw", pair.publicKey);
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const key = await secret(pair.privateKey, theirs, point, "encrypt");
    const data = new TextEncoder().encode(JSON.stringify(plain));
    item.user = me.user;
    item.key = me.key;
    item.point = b64(point);
    item.iv = b64(iv);
    item.data = b64(await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: bound(item) }, key, data));
    return item;
  };
  /** The content; null as long as the key is not here. */
  const read = async (item) => {
    const mine = privates.get(item.key);
    if (!mine || !item.data) return null;
    const point = bytes(item.point);
    const theirs = await crypto.subtle.importKey("raw", point, curve, false, []);
    const key = await secret(mine, theirs, point, "decrypt");
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes(item.iv), additionalData: bound(item) }, key, bytes(item.data));
    return JSON.parse(new TextDecoder().decode(plain));
  };

  /** Writes an item: what it is in the open, its content sealed. */
  const put = async (item, plain) => {
    const sealed = plain ? await seal({ ...item }, plain) : item;
    await run("items", "readwrite", (s) => s.put(sealed));
    return sealed;
  };
  const mine = async () => {
    const all = await run("items", "readonly", (s) => s.getAll());
    return all.filter((item) => me && item.user === me.user).sort((a, b) => a.seq - b.seq);
  };

  globalThis.vault = {
    able: Boolean(able), unlock, put, read, mine, note, keep,
    ready: () => me !== null,
    unlocked: () => privates.size > 0,
    token: () => csrf,
    find: (id) => run("items", "readonly", (s) => s.get(id)),
    drop: (id) => run("items", "readwrite", (s) => s.delete(id)),
  };
})();
