/** Problems as a person sees them: one line each, beginning with the place to go to. */
import type { ConfigProblem } from './problems.ts';

/** `ISSUER: must be …`, `ALLOWED_HOSTS[1]: must be …`, or `config/default.json: portals["*"].scopes[1]: must be …`. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  return problems.map(formatProblem).join('\n');
}

function formatProblem({ path, message, source }: ConfigProblem): string {
  if (source.kind === 'environment') return `${source.variable}${insideOf(path)}: ${message}`;
  return path === '$' ? `${source.file}: ${message}` : `${source.file}: ${path}: ${message}`;
}

/** What of the path is inside the member: `[1]` of `allowed_hosts[1]`. */
function insideOf(path: string): string {
  return path.replace(/^[^[.]*/, '');
}
