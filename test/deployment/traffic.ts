/** Steady traffic through the load balancer, and what became of each request. Bounded by `stop`. */
import { Agent, request } from 'node:http';

export interface Traffic {
  /** Ends the traffic; what failed, one line each, and how many requests there were. */
  stop(): Promise<{ readonly failures: readonly string[]; readonly requests: number }>;
}

export interface TrafficRequest {
  readonly url: string;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly expected: number;
}

/** Each caller keeps its connection and asks again as soon as it was answered; no request is tried twice. */
export function startTraffic(callers: readonly TrafficRequest[]): Traffic {
  let running = true;
  let requests = 0;
  const failures: string[] = [];
  const loops = callers.map(async (wanted) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (running) {
      const outcome = await ask(wanted, agent).catch((error: Error) => error.message);
      requests += 1;
      if (outcome !== `${wanted.expected}`) failures.push(`${wanted.method} ${wanted.url}: ${outcome}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    agent.destroy();
  });
  return {
    async stop() {
      running = false;
      await Promise.all(loops);
      return { failures, requests };
    },
  };
}

function ask({ url, method, headers, body }: TrafficRequest, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      { method, agent, timeout: 10_000, ...(headers && { headers }) },
      (response) => {
        response
          .resume()
          .once('end', () => resolve(`${response.statusCode}`))
          .once('error', reject);
      },
    );
    asked.once('error', reject).once('timeout', () => asked.destroy(new Error('no answer within 10 s')));
    asked.end(body);
  });
}
