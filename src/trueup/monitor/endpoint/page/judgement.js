// What may be relied on now. The same rules as judgement.py, for the moments between two readings; a test gives both the
// same statuses.

import { count, span, NS } from "./words.js";

const HEARTBEAT_SECS_MAX = 5;
const START_SECS_MAX = 300;
const VERDICT_SECS_MAX = 300;
const VERIFIED_PHASES = new Set(["RECONCILED", "MONITORING"]);

export function unhealthy(status) {
  const beat = status.loop.heartbeat_ns;
  if (!beat) {
    const waiting = status.started_ns ? (status.now_ns - status.started_ns) / NS : 0;
    return waiting > START_SECS_MAX ? [`the event loop has not begun ${span(waiting)} after the start`] : [];
  }
  const silent = (status.now_ns - beat) / NS;
  return silent > HEARTBEAT_SECS_MAX ? [`the event loop has not answered for ${span(silent)}`] : [];
}

export function judge(status, waitedSecs) {
  const doubts = [...startDoubts(status), ...unhealthy(status), ...verdictDoubts(status, waitedSecs)];
  if (status.verdict === "DISCREPANT") return { verdict: "DISCREPANT", reasons: [difference(status), ...doubts] };
  if (status.verdict === "CLEAN" && doubts.length === 0) return { verdict: "CLEAN", reasons: [] };
  return { verdict: "UNKNOWN", reasons: doubts.length ? doubts : [`the verdict is ${status.verdict || "empty"}`] };
}

export function worst(verdicts) {
  if (verdicts.includes("DISCREPANT")) return "DISCREPANT";
  return verdicts.length && verdicts.every((one) => one === "CLEAN") ? "CLEAN" : "UNKNOWN";
}

function startDoubts(status) {
  if (status.phase === "ERROR") return [status.failure ? `the node does not trade: ${status.failure}` : "the node does not trade"];
  if (status.source === "node" && !VERIFIED_PHASES.has(status.phase)) {
    return [`the start-up is not verified yet (phase ${status.phase})`];
  }
  return [];
}

function verdictDoubts(status, waitedSecs) {
  if (!status.verdict_ns) return ["there is no verdict yet"];
  const doubts = status.verdict === "UNKNOWN" ? ["not everything could be compared"] : [];
  const age = (status.now_ns - status.verdict_ns) / NS + waitedSecs;
  const limit = status.verdict_age_secs_max ?? VERDICT_SECS_MAX;
  if (age > limit) doubts.push(`the last verdict is ${span(age)} old (limit ${span(limit)})`);
  return doubts;
}

function difference(status) {
  const known = Math.max(status.pending_discrepancies, status.discrepancies.length + status.discrepancies_hidden);
  return known ? `node and venue differ: ${count(known, "discrepancy", "discrepancies")}` : "node and venue differ";
}
