/** The commands of `dcr-bridge`, one row each. A person's help is made from this table. */
import type { Config } from '../config/schema.ts';
import { manageClients } from './clients.ts';
import { checkConfig, printConfig } from './config.ts';
import { printOpenApi } from './openapi.ts';
import { managePortals } from './portals.ts';
import { manageProviders } from './providers.ts';
import { reconcile } from './reconcile.ts';
import { serve } from './serve.ts';
import { UsageError } from './usage-error.ts';

export interface Invocation {
  readonly config: Config;
  readonly warnings: readonly string[];
  /** The words after the command's name. */
  readonly args: readonly string[];
  readonly json: boolean;
  readonly force: boolean;
}

export interface Command {
  readonly synopsis: readonly string[];
  readonly about: string;
  readonly examples: readonly string[];
  readonly takesForce?: true;
  /** Resolves with the exit code. Throws `UsageError` for wrong words. */
  readonly run: (invocation: Invocation) => Promise<number>;
}

export const COMMANDS: ReadonlyMap<string, Command> = new Map([
  [
    'serve',
    {
      synopsis: ['serve'],
      about: 'Run the service until SIGTERM.',
      examples: ['dcr-bridge serve', 'STORE_URL=redis://127.0.0.1:6379 dcr-bridge serve'],
      run: serve,
    },
  ],
  [
    'config',
    {
      synopsis: ['config check', 'config print'],
      about: 'Check the configuration, or print it as it is in force, without secrets.',
      examples: ['dcr-bridge config check', 'CONFIG_FILE=/etc/dcr-bridge.json dcr-bridge config print'],
      run: (invocation) => subcommand(invocation, { check: checkConfig, print: printConfig }),
    },
  ],
  [
    'portals',
    {
      synopsis: [
        'portals list',
        'portals add NAME',
        'portals roll-key NAME [OVERLAP_SECONDS]',
        'portals issue-token NAME [USES [SECONDS]]',
        'portals disable NAME',
        'portals enable NAME',
      ],
      about:
        "Manage the portals. A key is printed once, by the command that makes it. roll-key keeps the old keys valid for OVERLAP_SECONDS (default 0: they are refused at once). issue-token makes an initial access token (RFC 7591) for USES clients (default 1) within SECONDS (default 3600). disable refuses a portal's keys, and every token that it was given to register or manage clients; its clients keep fetching tokens.",
      examples: ['dcr-bridge portals add acme-portal', 'dcr-bridge portals roll-key acme-portal 3600'],
      run: managePortals,
    },
  ],
  [
    'clients',
    {
      synopsis: [
        'clients list PORTAL [PROVIDER]',
        'clients show CLIENT_ID',
        'clients disable CLIENT_ID',
        'clients enable CLIENT_ID',
        'clients delete CLIENT_ID',
      ],
      about:
        "See and manage any portal's clients. A disabled client gets no token, and no portal can enable it.",
      examples: [
        'dcr-bridge clients list acme-portal',
        'dcr-bridge clients disable cl_1cTLxJdKtEmBtCkLYIHRDG',
      ],
      run: manageClients,
    },
  ],
  [
    'keys',
    {
      synopsis: [
        'keys list',
        'keys announce ALG',
        'keys activate KID|ALG [--force]',
        'keys retire KID|ALG [--force]',
        'keys taint KID|ALG',
        'keys export FILE',
        'keys import FILE [ALG [PASSPHRASE_FILE]]',
        'keys rewrap',
      ],
      about:
        'See and change the signing keys; running nodes follow within ring_refresh_ms. A key is named by its KID, by the first 6 characters of it or more, or by its ALG; a KID that begins with - comes after --. announce publishes a new key, which signs by itself when its time comes. activate, retire: now, and before its time only with --force. taint is the emergency: out of the JWKS at once, the next key signs at once. export writes the sealed ring; import announces a private key (PEM or JWK). rewrap seals the ring under a new KEY_ENCRYPTION_KEY.',
      examples: [
        'dcr-bridge keys list',
        'dcr-bridge keys announce EdDSA',
        'dcr-bridge keys taint RS256',
        'dcr-bridge keys import signing-key.pem PS256 passphrase.txt',
      ],
      takesForce: true,
      // Loaded late: other commands start without the weight of the key ring.
      run: async (invocation) => (await import('./keys.ts')).manageKeys(invocation),
    },
  ],
  [
    'providers',
    {
      synopsis: ['providers check [NAME]'],
      about:
        'Try the upstream providers, or one: the discovery document, the credential, and a client that is made and deleted again. Fails when a step does.',
      examples: ['dcr-bridge providers check', 'dcr-bridge providers check acme --json'],
      run: manageProviders,
    },
  ],
  [
    'reconcile',
    {
      synopsis: [
        'reconcile',
        'reconcile list [PROVIDER]',
        'reconcile retry OP_ID',
        'reconcile forget OP_ID',
        'reconcile drift [PROVIDER [PORTAL]]',
        'reconcile accept CLIENT_ID [--force]',
        'reconcile push CLIENT_ID',
        'reconcile let-go CLIENT_ID [--force]',
        'reconcile remove-spares CLIENT_ID',
      ],
      takesForce: true,
      about:
        'See what was begun at upstream providers and not ended, and settle it. unknown: an answer was lost; look at the provider for the marker, remove what nobody uses (never the client in NOT_THE_SPARE), then forget it. unmanageable: the provider refuses the credential that manages the client; put that right and retry, or remove the client there and forget it. drift reads every client at its provider, 20 a second at most, and fails when one is not as it is here: absent, refused (its token: gone, or the token is bad), differs; unread says nothing about the client. It settles nothing; then, one client at a time: accept takes over what the provider has (what is wider only with --force), push sends what is here, let-go ends a client here that is absent there (any other only with --force) and calls nobody, remove-spares removes there what carries its marker and nobody here has. No spare can be adopted: nobody knows its secret.',
      examples: [
        'dcr-bridge reconcile',
        'dcr-bridge reconcile forget op_6MqbAvZIVYvEHF0kTVxJ5p',
        'dcr-bridge reconcile drift acme --json',
        'dcr-bridge reconcile push cl_1cTLxJdKtEmBtCkLYIHRDG',
      ],
      run: reconcile,
    },
  ],
  [
    'doctor',
    {
      synopsis: ['doctor'],
      about:
        'Look at what the service stands on: store, keys, clock, listeners, issuer, portals, providers, machine. One row for each thing: ok, warning or failed, what was found and what to do. It changes nothing and ends within ten seconds; run it as the user of the service, beside it or before it starts. Fails when something failed; warnings alone do not.',
      examples: ['dcr-bridge doctor', 'dcr-bridge doctor --json'],
      // Loaded late, like the keys.
      run: async (invocation) => (await import('./doctor.ts')).doctor(invocation),
    },
  ],
  [
    'openapi',
    {
      synopsis: ['openapi'],
      about: 'Print the OpenAPI 3.1 document of the bridge. A running service shows it at /docs.',
      examples: ['dcr-bridge openapi > openapi.json'],
      run: printOpenApi,
    },
  ],
] as const satisfies readonly (readonly [string, Command])[]);

function subcommand(
  invocation: Invocation,
  subcommands: Readonly<Record<string, Command['run']>>,
): Promise<number> {
  const [name = '', ...args] = invocation.args;
  const run = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (run === undefined) throw new UsageError(`say one of: ${Object.keys(subcommands).join(', ')}`);
  return run({ ...invocation, args });
}

/** The help of one command, or of all. */
export function usage(name?: string): string {
  const command = name === undefined ? undefined : COMMANDS.get(name);
  if (command !== undefined) {
    const lines = command.synopsis.map((synopsis) => `  dcr-bridge ${synopsis} [--json]\n`).join('');
    const examples = command.examples.map((example) => `  ${example}\n`).join('');
    return `${command.about}\n\nUsage:\n${lines}\nExamples:\n${examples}`;
  }
  const rows = [...COMMANDS.values()].flatMap(({ synopsis, about }) =>
    synopsis.map((line, index) => `  ${line.padEnd(42)}${index === 0 ? about.split('. ')[0] : ''}`.trimEnd()),
  );
  return `Usage: dcr-bridge COMMAND [--json]\n       dcr-bridge --version\n\n${rows.join('\n')}\n\nMore of one: dcr-bridge COMMAND --help. Settings: config/README.md\n`;
}
