/**
 * A WebSocket client that only counts: it reads the frames' heads, answers pings, and skips the
 * payload, so that a measurement of the bridge is not one of its client.
 */

import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

const PING = 0x9;
const PONG = 0xa;
const BINARY = 0x2;
const CONTINUATION = 0x0;
const READ_BYTES = 1024 * 1024;

/**
 * Resolves when so many payload bytes of binary frames have come.
 *
 * @param {string} address of the WebSocket, ws: @param {number} size
 * @returns {Promise<void>}
 */
export function countBytes(address, size) {
  const url = new URL(address);
  return new Promise((resolve, reject) => {
    let counted = 0;
    /** What the frame that is being read still lacks, and of which kind it is. */
    let missing = 0;
    let kind = 0;
    /** A head, or a ping's payload, that is not whole yet. */
    let rest = Buffer.alloc(0);
    let isUpgraded = false;
    const socket = connect({
      host: url.hostname,
      port: Number(url.port),
      noDelay: true,
      onread: {
        buffer: Buffer.alloc(READ_BYTES),
        callback(length, buffer) {
          const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, length);
          take(rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes);
          if (counted >= size) {
            socket.destroy();
            resolve();
          }
          return true;
        },
      },
    });
    socket.on('error', reject).on('end', () => reject(new Error(`ended after ${counted} bytes`)));
    socket.write(
      `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\n` +
        `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    );

    /** @param {Buffer} bytes */
    function take(bytes) {
      let at = 0;
      if (!isUpgraded) {
        const end = bytes.indexOf('\r\n\r\n');
        if (end < 0) {
          keep(bytes);
          return;
        }
        if (!bytes.toString('latin1').startsWith('HTTP/1.1 101')) {
          reject(new Error(bytes.toString('latin1')));
          return;
        }
        isUpgraded = true;
        at = end + 4;
      }
      while (at < bytes.length) {
        if (missing > 0) {
          const part = Math.min(missing, bytes.length - at);
          if (kind === BINARY || kind === CONTINUATION) counted += part;
          missing -= part;
          at += part;
          continue;
        }
        const head = headOf(bytes, at);
        if (!head) break;
        if (head.kind === PING) {
          if (at + head.bytes + head.payload > bytes.length) break;
          const from = at + head.bytes;
          pong(bytes.subarray(from, from + head.payload));
          at = from + head.payload;
          continue;
        }
        at += head.bytes;
        ({ kind, payload: missing } = head);
      }
      keep(bytes.subarray(at));
    }

    /** @param {Buffer} bytes The buffer that they lie in is read into again. */
    function keep(bytes) {
      rest = Buffer.from(bytes);
    }

    /** Masked with zeros, which changes nothing. @param {Buffer} payload */
    function pong(payload) {
      socket.write(
        Buffer.concat([Buffer.from([0x80 | PONG, 0x80 | payload.length, 0, 0, 0, 0]), payload]),
      );
    }
  });
}

/** The head of an unmasked frame (RFC 6455 section 5.2), if all of it is there. @param {Buffer} bytes @param {number} at */
function headOf(bytes, at) {
  const left = bytes.length - at;
  if (left < 2) return undefined;
  const kind = (bytes[at] ?? 0) & 0x0f;
  const short = (bytes[at + 1] ?? 0) & 0x7f;
  if (short < 126) return { kind, bytes: 2, payload: short };
  if (short === 126)
    return left < 4 ? undefined : { kind, bytes: 4, payload: bytes.readUInt16BE(at + 2) };
  return left < 10
    ? undefined
    : { kind, bytes: 10, payload: Number(bytes.readBigUInt64BE(at + 2)) };
}
