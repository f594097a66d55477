/**
 * The steps of `config/Dockerfile`, run in an empty folder in place of a container: COPY by cp, of what
 * `.dockerignore` lets through; RUN by sh, in the folder that WORKDIR names; RUN, CMD and HEALTHCHECK as the
 * user that USER names. It knows the instructions that this file uses and throws at any other.
 *
 * Not covered: the base image and what is in it, layers, the separation of the stages' file systems beyond
 * a folder for each, volumes, and what a container is kept from.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildContext } from './docker-ignore.ts';

export interface BuiltImage {
  /** Where the last stage's root is. */
  readonly root: string;
  /** Its working directory, inside `root`. */
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: { readonly uid: number; readonly gid: number };
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
  readonly volumes: readonly string[];
}

interface Stage {
  readonly root: string;
  workdir: string;
  env: Record<string, string>;
  user: string;
  command: readonly string[];
  healthcheck: readonly string[];
  volumes: readonly string[];
}

export interface BuildOptions {
  /** The build context. */
  readonly context: string;
  readonly dockerfile: string;
  /** An empty folder. */
  readonly into: string;
  /** The folder of the Node.js that the base image would bring. */
  readonly node: string;
}

const RUN_TIMEOUT_MS = 3 * 60 * 1000;

export function build({ context, dockerfile, into, node }: BuildOptions): BuiltImage {
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  const current = (): Stage => {
    if (stage === undefined) throw new Error('a Dockerfile begins with FROM');
    return stage;
  };
  const steps: Readonly<Record<string, (words: string) => void>> = {
    FROM: (words) => {
      const [, image, , name = `${stages.size}`] = /^(\S+)( AS (\S+))?$/.exec(words) ?? [];
      if (image !== 'node:24-bookworm-slim') throw new Error(`an unknown base image: ${words}`);
      const root = join(into, name);
      mkdirSync(root, { recursive: true });
      stage = { root, workdir: root, env: {}, user: '0:0', command: [], healthcheck: [], volumes: [] };
      stages.set(name, stage);
    },
    WORKDIR: (words) => {
      current().workdir = join(current().root, words);
      mkdirSync(current().workdir, { recursive: true });
    },
    ENV: (words) => {
      const [name = '', value = ''] = words.split('=');
      current().env[name] = value;
    },
    COPY: (words) => copy(words, context, current(), stages),
    RUN: (words) => {
      const { workdir: cwd, env, user } = current();
      const { status, stderr, error } = spawnSync('/bin/sh', ['-c', words], {
        cwd,
        ...idsOf(user),
        env: { ...process.env, PATH: `${node}:${withoutOurs(process.env.PATH ?? '')}`, ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
        encoding: 'utf8',
        timeout: RUN_TIMEOUT_MS,
      });
      if (status !== 0)
        throw new Error(`RUN ${words} exited with ${status}: ${stderr.slice(0, 2000)}`, { cause: error });
    },
    USER: (words) => {
      current().user = words;
    },
    VOLUME: (words) => {
      current().volumes = JSON.parse(words);
    },
    EXPOSE: () => {},
    HEALTHCHECK: (words) => {
      current().healthcheck = JSON.parse(words.slice(words.indexOf('CMD ') + 4));
    },
    CMD: (words) => {
      current().command = JSON.parse(words);
    },
  };
  for (const line of instructions(dockerfile)) {
    const [, name = '', words = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    const step = steps[name];
    if (step === undefined) throw new Error(`an instruction that is not known here: ${line}`);
    step(words);
  }
  const { user, ...last } = current();
  return { ...last, user: idsOf(user) };
}

function idsOf(user: string): BuiltImage['user'] {
  const [uid, gid] = user.split(':').map(Number);
  if (!Number.isInteger(uid) || !Number.isInteger(gid)) throw new Error(`USER ${user} is no pair of numbers`);
  return { uid: Number(uid), gid: Number(gid) };
}

/** A step finds the machine's npm, and what it is given as the image's Node.js; nothing of this checkout. */
function withoutOurs(path: string): string {
  return path
    .split(':')
    .filter((folder) => !folder.endsWith('node_modules/.bin'))
    .join(':');
}

function instructions(dockerfile: string): readonly string[] {
  return readFileSync(dockerfile, 'utf8')
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
}

function copy(words: string, context: string, stage: Stage, stages: ReadonlyMap<string, Stage>): void {
  const parts = words.split(/\s+/);
  const stageName = parts[0]?.startsWith('--from=') ? parts.shift()?.slice('--from='.length) : undefined;
  const from = stageName === undefined ? context : stages.get(stageName)?.root;
  if (from === undefined) throw new Error(`COPY from an unknown stage: ${words}`);
  const files = stageName === undefined ? [...buildContext(context)] : undefined;
  const target = join(stage.workdir, parts.pop() ?? '');
  for (const source of parts) {
    const origin = join(from, source);
    const isCopied = (path: string) =>
      files === undefined || files.some((file) => isAtOrBelow(join(context, file), path));
    if (!isCopied(origin)) throw new Error(`.dockerignore keeps out ${source}`);
    // A folder's content is copied, not the folder; a file goes into a folder, or becomes the target.
    const intoFolder = words.endsWith('/') && !statSync(origin).isDirectory();
    cpSync(origin, intoFolder ? join(target, basename(source)) : target, {
      recursive: true,
      verbatimSymlinks: true,
      filter: isCopied,
    });
  }
}

function isAtOrBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
