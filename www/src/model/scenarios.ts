/** The scenarios, the first of them the one that the page opens with. */
export const SCENARIOS = [
  "full-sync",
  "short-cut",
  "backlog-overrun",
  "output-limit",
  "slow-replica",
  "chain",
  "promotion",
  "failover",
  "writable-replica",
  "wait",
  "expiry",
  "backup",
  "restart-with-rdb",
  "crash-without-rdb",
  "versions",
  "chaos",
] as const;
export type ScenarioId = (typeof SCENARIOS)[number];
