/**
 * What the engine says of an event, in the reader's language.
 *
 * The engine speaks English sentences of a few forms. A form that is not known here is shown as it
 * is, for an English sentence is better than none.
 */
import type { Key, Words } from "./language";

/** The sentence of an event, with the beginnings of the replication IDs in it. */
export function sentence(whole: string, t: Words): string {
  const text = whole
    .replace(/\b([0-9a-f]{8})[0-9a-f]{32}\b/g, "$1…")
    .replace(/ (\d+) bytes \(\1 bytes\)$/, " ($1 bytes)");
  if (t.language === "en") return text;
  for (const [form, key] of FORMS) {
    const values = form.exec(text)?.groups;
    if (values !== undefined) return t(key, values);
  }
  const [, node, rest] = /^(\S+): (.*)$/.exec(text) ?? [];
  const wake = rest === undefined ? undefined : WAKES[rest];
  return wake === undefined || node === undefined ? text : `${node}: ${t(wake)}`;
}

const FORMS: readonly (readonly [RegExp, Key])[] = [
  [/^(?<to>\S+) receives from (?<from>\S+): (?<what>.*) \((?<bytes>\d+) bytes\)$/, "event.receive"],
  [/^(?<node>\S+): a connection from (?<from>\S+) arrives$/, "event.accept"],
  [/^(?<node>\S+): the connection to (?<to>\S+) stands$/, "event.established"],
  [/^(?<node>\S+): no connection \((?<why>.*)\)$/, "event.refused"],
  [/^(?<node>\S+): the disk has done: (?<what>.*)$/, "event.disk"],
  [/^(?<node>\S+): (?<from>\S+) has closed the connection$/, "event.closed"],
  [/^(?<node>\S+): the server starts$/, "event.start"],
  [/^cut (?<a>\S+) (?<b>\S+)$/, "event.cut"],
  [/^heal (?<a>\S+) (?<b>\S+)$/, "event.heal"],
];

/** What a node's own time can have come for. */
const WAKES: Readonly<Record<string, Key>> = {
  "the snapshot child writes its next chunk": "wake.chunk",
  "the next part of the RDB is loaded": "wake.load",
  "the cron notices that the child has ended": "wake.reap",
  "the delay is over: BGSAVE starts": "wake.fork",
  "the cron connects to the master": "wake.dial",
  "the cron sends REPLCONF ACK": "wake.ack",
  "repl-timeout: the master is silent": "wake.masterTimeout",
  "repl-timeout: a replica is silent": "wake.replicaTimeout",
  "the cron sends a newline to waiting replicas": "wake.newline",
  "the cron puts PING into the stream": "wake.ping",
  "repl-backlog-ttl: the backlog is freed": "wake.backlog",
  "the cron deletes expired keys": "wake.expire",
  "a waiting client's time is over": "wake.client",
};
