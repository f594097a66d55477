/** How a command shows its result: a table for a person, JSON for a program. */

export type Row = Readonly<Record<string, string | number | boolean>>;

/** Rows of the same members; the first row's are the heading. */
export function printRows(name: string, rows: readonly Row[], json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ [name]: rows })}\n`);
    return;
  }
  if (rows.length === 0) {
    process.stdout.write(`There are no ${name}.\n`);
    return;
  }
  const heading = Object.keys(rows[0] ?? {});
  const cells = [
    heading.map((member) => member.toUpperCase()),
    ...rows.map((row) => Object.values(row).map(String)),
  ];
  const widths = heading.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  process.stdout.write(`${cells.map(line).join('\n')}\n`);
}

export function printOne(result: Readonly<Record<string, unknown>>, json: boolean): void {
  const text = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value));
  process.stdout.write(
    json
      ? `${JSON.stringify(result)}\n`
      : Object.entries(result)
          .map(([member, value]) => `${member}: ${text(value)}\n`)
          .join(''),
  );
}

/** Epoch seconds as a person reads them. */
export function utc(seconds: number): string {
  return seconds === 0 ? 'never' : new Date(seconds * 1000).toISOString().replace('.000', '');
}

/** For a command that opens the key ring: only what an operator has to act on; stdout is for the answer. */
export const OPERATOR_LOG = {
  info: () => {},
  warn: (_fields: object, message: string) => void process.stderr.write(`Warning: ${message}\n`),
  error: (_fields: object, message: string) => void process.stderr.write(`Warning: ${message}\n`),
};
