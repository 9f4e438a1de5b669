/**
 * What an address asks for in words: `?scenario=full-sync&seed=7&step=FULLRESYNC&commands=…`.
 *
 * An address is written by anybody: what cannot be had is said in a sentence, and the rest is done.
 */
import type { Frame } from "../engine/frame";
import type { Key, Values } from "./language";
import type { Player } from "./player";
import { CHAPTERS, isSettled, storyOf } from "./story";

/** Why something that was asked for is not there: a message with its values. */
export type Miss = readonly [Key, Values?];

export interface Asked {
  /** The name of a scenario; null for the one that the page opens with. */
  readonly scenario: string | null;
  /** Where chance begins; null for where the scenario says. */
  readonly seed: number | null;
  /** Where the lab is to stop: a phase, the number of an event, or a word of a message or a log. */
  readonly step: string | null;
  /** What is typed at the master then; without a `step`, once all are in sync. */
  readonly commands: readonly string[];
  readonly misses: readonly Miss[];
}

/** Reads the query of an address. */
export function askedIn(search: string): Asked {
  const told = new URLSearchParams(search);
  const misses: Miss[] = [];
  const word = (name: string): string | null => told.get(name)?.trim() || null;
  const seed = word("seed");
  const right = seed === null || (/^\d{1,10}$/.test(seed) && Number(seed) <= SEED_MAX);
  if (!right) misses.push(["asked.seed", { what: excerpt(seed) }]);
  const packed = word("commands");
  const commands = packed === null ? [] : linesIn(packed);
  if (commands === null) misses.push(["asked.commands", { max: COMMANDS_MAX }]);
  return {
    scenario: word("scenario"),
    seed: seed !== null && right ? Number(seed) : null,
    step: word("step"),
    commands: commands ?? [],
    misses,
  };
}

/** Lines to type, as base64url of a JSON array; null if they are anything else. */
function linesIn(packed: string): readonly string[] | null {
  try {
    const binary = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
    const lines: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (!Array.isArray(lines) || lines.length > COMMANDS_MAX) return null;
    return lines.every(isLine) ? lines.map((line) => line.trim()) : null;
  } catch {
    return null;
  }
}

/** One line that can be typed: with something in it, and nothing that would end it. */
function isLine(line: unknown): line is string {
  return typeof line === "string" && line.trim() !== "" && line.length <= LINE_MAX && !/\p{Cc}/u.test(line);
}

/** Goes where an address leads, and types what it says; answers what could not be done. */
export async function arrive(asked: Asked, player: Player): Promise<readonly Miss[]> {
  const { step, commands } = asked;
  const misses: Miss[] = [];
  if (step !== null && !(await reached(step, player))) misses.push(["asked.step", { what: excerpt(step) }]);
  if (commands.length === 0) return misses;
  if (step === null && !(await player.reach(isSettled))) misses.push(["asked.sync"]);
  for (const line of commands) {
    const refused = await player.typeAtMaster(line);
    if (refused !== null) return [...misses, ["asked.refused", { what: excerpt(line), why: refused }]];
  }
  return misses;
}

function reached(step: string, player: Player): Promise<boolean> {
  if (/^\d+$/.test(step)) {
    const cursor = Number(step);
    return player.reach((frame) => frame.cursor >= cursor);
  }
  const name = step.toLowerCase();
  const chapter = CHAPTERS.findIndex((one) => one === name);
  if (chapter >= 0) return player.reach((frame) => storyOf(frame).chapter >= chapter);
  return player.reach((frame, since) => saidIn(frame, since).some((text) => text.toLowerCase().includes(name)));
}

/** What came and was typed since a cursor, in the words of the protocol, and what was logged. */
function saidIn({ events, nodes }: Frame, since: number): readonly string[] {
  const words = events
    .filter(({ index }) => index >= since)
    .map(({ what }) => (what.is === "receive" ? what.label : what.is === "type" ? what.line : ""));
  const logged = nodes.flatMap(({ log }) => log.filter(({ event }) => event >= since));
  return [...words, ...logged.map(({ text }) => text)];
}

/** The beginning of what somebody wrote, fit to be shown. */
function excerpt(text: string): string {
  const plain = text.replace(/\p{C}/gu, "\u{fffd}");
  return plain.length > EXCERPT ? `${plain.slice(0, EXCERPT)}…` : plain;
}

/** The engine's seeds are 32 bits wide where the page gives them. */
const SEED_MAX = 0xffff_ffff;
/** So many lines are typed, each no longer than this. */
const COMMANDS_MAX = 50;
const LINE_MAX = 4_096;
const EXCERPT = 40;
