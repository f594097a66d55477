/** Why an address can't be listened on, in words for the operator, and what to do about it. */
import { addressText } from './address-text.ts';

/** `variable`: of the setting. `code`: the system's. */
export function listenRemedy(variable: string, code: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `stop what listens there, or set ${variable} to another address`;
    case 'EADDRNOTAVAIL':
      return `set ${variable} to an address of this machine`;
    case 'EACCES':
      return `set ${variable} to a port above 1023, or let this process have lower ones (CAP_NET_BIND_SERVICE)`;
    default:
      return `set ${variable} to another address`;
  }
}

/** `name`: of the listener. */
export function listenError(
  name: string,
  { host, port }: { readonly host: string; readonly port: number },
  cause: NodeJS.ErrnoException,
): Error {
  const { code = 'unknown error' } = cause;
  const at = addressText(host, port);
  const remedy = listenRemedy(`${name.toUpperCase()}_LISTEN`, code);
  return new Error(`the ${name} listener can't listen on ${at} (${code}): ${remedy}`, { cause });
}
