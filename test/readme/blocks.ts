/** The fenced blocks of the README, each with the comment on the line before it, which says how it is run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const PROJECT = join(import.meta.dirname, '../..');
export const README = readFileSync(join(PROJECT, 'README.md'), 'utf8');

export interface Block {
  readonly language: string;
  /** What the comment says, '' when there is none. */
  readonly marker: string;
  readonly text: string;
}

export const BLOCKS: readonly Block[] = [
  ...README.matchAll(/(?:^<!-- (?<marker>.*) -->\n)?^```(?<language>.*)\n(?<text>[\s\S]*?)^```$/gm),
].map(({ groups }) => ({
  language: groups?.language ?? '',
  marker: groups?.marker ?? '',
  text: groups?.text ?? '',
}));

export const shellBlocks = (marker: string): readonly string[] =>
  BLOCKS.filter((block) => block.language === 'sh' && block.marker === `sh: ${marker}`).map(
    ({ text }) => text,
  );
