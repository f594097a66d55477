/** YAML by Python's parser, which docker-compose itself uses and brings. */
import { spawnSync } from 'node:child_process';

/** Every document of `text`; empty ones are left out. */
export function parseYaml(text: string): readonly unknown[] {
  const script =
    'import json, sys, yaml; json.dump([d for d in yaml.safe_load_all(sys.stdin) if d], sys.stdout)';
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', script], {
    input: text,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
