/** What a server says of itself in INFO, in Redis' own names, as far as the frame shows it. */
import type { Frame, NodeView } from "../engine/frame";

export interface Fact {
  readonly name: string;
  readonly value: string;
  /** What it was in the frame before, if that was something else. */
  readonly was: string | null;
  /** What to watch to find who changed it, if that can be found. */
  readonly watch: string | null;
}

/** The facts of a node, each with what it was before. */
export function factsOf(node: NodeView, before: Frame | null): readonly Fact[] {
  const earlier = before?.nodes[node.id];
  const old = new Map(earlier === undefined ? [] : said(earlier));
  return said(node).map(([name, value]) => {
    const was = old.get(name) ?? null;
    const watched = WATCHED[name.replace(/^slave\d+$/, "slaveN")];
    return {
      name,
      value,
      was: was === value ? null : was,
      watch: watched === undefined ? null : `${node.name} ${watched}`,
    };
  });
}

function said(node: NodeView): [string, string][] {
  const { upstream, backlog, replicas } = node;
  const facts: [string, string | number][] = [["role", upstream === null ? "master" : "slave"]];
  if (upstream !== null) {
    facts.push(
      ["master_host", upstream.host],
      ["master_port", upstream.port],
      ["master_link_status", upstream.up ? "up" : "down"],
      ["slave_read_repl_offset", upstream.received],
      ["slave_repl_offset", node.offset],
    );
  }
  facts.push(["connected_slaves", replicas.length]);
  replicas.forEach(({ state, acked, lag }, index) => {
    const told = state.replace(/_(start|end)$/, "");
    facts.push([`slave${index}`, `state=${told},offset=${acked},lag=${lag}`]);
  });
  facts.push(
    ["master_replid", node.replid],
    ["master_replid2", node.replid2],
    ["master_repl_offset", node.offset],
    ["second_repl_offset", node.secondOffset],
    ["repl_backlog_active", backlog === null ? 0 : 1],
  );
  if (backlog !== null) {
    facts.push(
      ["repl_backlog_size", backlog.size],
      ["repl_backlog_first_byte_offset", backlog.first],
      ["repl_backlog_histlen", backlog.histlen],
    );
  }
  return facts.map(([name, value]) => [name, String(value)]);
}

/** What the engine can watch of what INFO says. */
const WATCHED: Readonly<Record<string, string>> = {
  master_link_status: "link",
  slave_repl_offset: "offset",
  slaveN: "replicas",
  master_replid: "id",
  master_repl_offset: "offset",
};
