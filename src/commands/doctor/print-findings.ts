/** The findings as a person reads them: a table, and under a row what to do. */
import type { Finding } from '../../lib/finding.ts';

export function findingsText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.map(({ check, result, found, remedy }) => {
    const row = `${result.padEnd('warning'.length)}  ${check.padEnd(width)}  ${found}\n`;
    return remedy === '' ? row : `${row}${' '.repeat('warning'.length + width + 4)}→ ${remedy}\n`;
  });
  const count = (result: Finding['result']) => findings.filter((finding) => finding.result === result).length;
  return `${lines.join('')}\n${count('ok')} ok, ${count('warning')} to look at, ${count('failed')} failed\n`;
}
