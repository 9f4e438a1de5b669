/** For `determinism.mjs`, in a page: the hash of the trace after some acts, as often as wanted. */
import { openWasm } from "../src/engine/wasm.ts";

window.traces = async (runs) => {
  const script = `
seed 11
node master --repl-diskless-sync-delay 0 --repl-backlog-size 16kb window=64
node replica1 --replicaof "master 6379"
node replica2 --replicaof "replica1 6379"
wire latency=1ms
`;
  const hashes = [];
  for (let run = 0; run < runs; run++) {
    const lab = await openWasm({ script, seed: 11, isolation: run % 2 === 0 ? "workers" : "page" });
    await lab.intervene("jitter master replica1 3ms");
    await lab.intervene("master> DEBUG POPULATE 200 key 40");
    await lab.intervene("master> SADD set a b c d e f g");
    for (let n = 0; n < 10; n++) {
      await lab.intervene(`master> SET written ${n}`);
      await lab.advance(250, 10_000);
    }
    await lab.intervene("cut master replica1");
    await lab.intervene("master> SPOP set 3");
    await lab.advance(2_000, 10_000);
    await lab.intervene("heal master replica1");
    const { cursor } = await lab.advance(5_000, 10_000);
    await lab.seek(Math.floor(cursor / 2));
    const frame = await lab.seek(cursor);
    hashes.push(`${cursor} ${frame.hash}`);
    lab.close();
  }
  return hashes;
};
