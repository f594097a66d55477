/**
 * Environment variables that are no settings but look meant for one: a setting that is passed over in silence is
 * worse than one that is refused. The environment belongs to others too (the shell, npm, Node, Docker's and
 * Kubernetes' variables of services), and a false alarm in an ordinary container would teach people to ignore
 * this: so only what is a slip of the finger away from a setting that is not set. Values are never looked at.
 */
import { editDistance } from './closest-name.ts';
import { SCALAR_MEMBERS, variableOf } from './environment.ts';
import { SECRET_SETTINGS } from './secret-members.ts';

const SETTINGS: ReadonlySet<string> = new Set(SCALAR_MEMBERS.map(variableOf));
const KNOWN: ReadonlySet<string> = new Set([
  ...SETTINGS,
  ...[...SECRET_SETTINGS].map((member) => `${variableOf(member)}_FILE`),
  'CONFIG_FILE',
]);
const STEMS = new Map([...KNOWN].map((known) => [known, stem(known)]));

/** `asked`: variables that the configuration file names. One line each; only names, and only those near a setting's. */
export function misspeltVariables(
  env: Readonly<Record<string, string | undefined>>,
  asked: ReadonlySet<string>,
): string[] {
  const isSet = (name: string) => Object.hasOwn(env, name) && env[name] !== '';
  return Object.keys(env)
    .filter((name) => isSet(name) && !KNOWN.has(name) && !asked.has(name))
    .flatMap((name) => {
      const setting = name.replace(/_FILE$/, '');
      if (setting !== name && SETTINGS.has(setting))
        return [`${name} is passed over: ${setting} is not read from a file; set ${setting} itself`];
      const isSlipOf = slipsOf(name);
      const meant = [...KNOWN].find((known) => isSlipOf(known) && !isSet(known));
      return meant === undefined ? [] : [`${name} is passed over: did you mean ${meant}?`];
    });
}

/** From so many characters on a second wrong one is still no other word. */
const LONG = 12;
const MOST_SLIPS = 2;

/** What it has to compare is little: a namespace of Kubernetes with many services has thousands of variables. */
function slipsOf(given: string): (known: string) => boolean {
  const name = given.toUpperCase().replaceAll('-', '_');
  // Small letters alone are the slip: small names that are only near are somebody else's.
  if (name !== given) return (known) => name === known;
  const words = stem(name);
  return (known) => {
    if (words === STEMS.get(known) || `${name}_FILE` === known) return true;
    if (Math.abs(name.length - known.length) > MOST_SLIPS) return false;
    const distance = editDistance(name, known);
    const allowed = known.length < LONG ? 1 : MOST_SLIPS;
    return distance <= allowed || (distance === MOST_SLIPS && lettersOf(name) === lettersOf(known));
  };
}

/** The same words, however joined, one or many: `KEYDIR`, `KEY_DIR`, `KEYS_DIR`. */
function stem(name: string): string {
  return name
    .split('_')
    .map((word) => word.replace(/IES$/, 'Y').replace(/S$/, ''))
    .join('');
}

function lettersOf(name: string): string {
  return [...name].sort().join('');
}
