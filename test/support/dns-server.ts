/** A name server on loopback that says of every name what a test says, and may change its mind each time. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';

const HEADER_BYTES = 12;
const TYPE_A = 1;
const TYPE_AAAA = 28;

export interface DnsServer {
  /** As `Resolver.setServers` takes it. */
  readonly address: string;
  /** Questions for IPv4 addresses, by name. */
  readonly asked: readonly string[];
  close(): void;
}

/** `addressesOf` may return none: the name has no address. `undefined`: no answer is sent. */
export async function startDnsServer(
  addressesOf: (name: string, times: number) => readonly string[] | undefined,
): Promise<DnsServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, { address, port }) => {
    const { name, type, end } = questionOf(query);
    if (type === TYPE_A) asked.push(name);
    const wanted = addressesOf(name, asked.filter((each) => each === name).length);
    if (wanted === undefined) return;
    const ofType = wanted.filter((each) => isIPv4(each) === (type === TYPE_A));
    const answers = type === TYPE_A || type === TYPE_AAAA ? ofType : [];
    const header = Buffer.from(query.subarray(0, HEADER_BYTES));
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(answers.length, 6);
    header.fill(0, 8);
    socket.send(
      Buffer.concat([header, query.subarray(HEADER_BYTES, end), ...answers.map(record)]),
      port,
      address,
    );
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  // A test that fails before it closes it must not keep the test process waiting.
  socket.unref();
  return { address: `127.0.0.1:${socket.address().port}`, asked, close: () => void socket.close() };
}

function questionOf(query: Buffer) {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** Of the name that was asked for, to be forgotten at once. */
function record(address: string): Buffer {
  const data = isIPv4(address) ? Buffer.from(address.split('.').map(Number)) : ipv6(address);
  const head = Buffer.from([
    0xc0,
    HEADER_BYTES,
    0,
    data.length === 4 ? TYPE_A : TYPE_AAAA,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    data.length,
  ]);
  return Buffer.concat([head, data]);
}

/** Written in full, without `::`. */
function ipv6(address: string): Buffer {
  return Buffer.from(
    address.split(':').flatMap((part) => [Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 0xff]),
  );
}
