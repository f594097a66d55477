/**
 * How long something took of the time in which this process could run: for bounds on what runs in it. A machine
 * that stands still, or is somebody else's for a moment, is no time that it took; what keeps this process busy is.
 */

const LOOK_MS = 5;
/** Later than that, and nothing of ours ran but what took CPU time. */
const LATE_MS = 25;

/** Milliseconds, when what it returns is called; once. */
export function startRunningTime(): () => number {
  let ranMs = 0;
  let lookedAtMs = performance.now();
  let used = process.cpuUsage();
  const look = () => {
    const { user, system } = process.cpuUsage(used);
    const passedMs = performance.now() - lookedAtMs;
    ranMs += Math.min(passedMs, Math.max(LATE_MS, (user + system) / 1000));
    lookedAtMs = performance.now();
    used = process.cpuUsage();
  };
  const timer = setInterval(look, LOOK_MS);
  return () => {
    clearInterval(timer);
    look();
    return ranMs;
  };
}
