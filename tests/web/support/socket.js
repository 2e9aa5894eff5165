// A WebSocket client for text messages, because Node.js 20 has none without a flag. Enough for a browser on the same machine: no extensions, no compression.
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';

const [continuation, text, close, ping, pong] = [0, 1, 8, 9, 10];

// Calls onMessage with each text message. Resolves with a function that sends one, once the connection is open.
export function connect(address, onMessage, onClose) {
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': randomBytes(16).toString('base64') };
  return new Promise((resolve, reject) => {
    request(address.replace(/^ws/, 'http'), { headers })
      .once('error', reject)
      .once('response', ({ statusCode }) => reject(new Error(`${address}: status ${statusCode}`)))
      .once('upgrade', (_, socket, head) => {
        const send = (opcode, data) => socket.write(frame(opcode, Buffer.from(data)));
        const reader = new FrameReader((opcode, data) => {
          if (opcode === text) onMessage(data.toString());
          else if (opcode === ping) send(pong, data);
          else if (opcode === close) socket.end();
        });
        socket.on('data', data => reader.push(data)).on('error', () => {}).on('close', onClose);
        reader.push(head);
        resolve(message => send(text, message));
      })
      .end();
  });
}

// A client masks its frames (RFC 6455, section 5.3).
function frame(opcode, data) {
  const { length } = data;
  const size = length < 126 ? Buffer.of(0x80 | length) : length < 65_536 ? Buffer.of(0x80 | 126, length >> 8, length & 255) : Buffer.concat([Buffer.of(0x80 | 127), Buffer.alloc(8)]);
  if (length >= 65_536) size.writeBigUInt64BE(BigInt(length), 1);
  const mask = randomBytes(4);
  return Buffer.concat([Buffer.of(0x80 | opcode), size, mask, data.map((byte, index) => byte ^ mask[index & 3])]);
}

class FrameReader {
  #buffer = Buffer.alloc(0);
  #parts = [];
  #opcode = text;

  constructor(onMessage) {
    this.onMessage = onMessage;
  }

  push(data) {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    for (let length; (length = this.#length()) !== null && this.#buffer.length >= length.end; this.#buffer = this.#buffer.subarray(length.end)) this.#take(this.#buffer[0], this.#buffer.subarray(length.start, length.end));
  }

  // Where the content of the first frame starts and ends; null if its header is not complete yet.
  #length() {
    const buffer = this.#buffer;
    const start = buffer.length < 2 ? Infinity : [2, 4, 10][Math.max(0, (buffer[1] & 127) - 125)];
    if (buffer.length < start) return null;
    return { start, end: start + (start === 2 ? buffer[1] & 127 : start === 4 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2))) };
  }

  #take(first, content) {
    const [isLast, opcode] = [(first & 0x80) !== 0, first & 15];
    if (opcode >= close) return this.onMessage(opcode, content);
    if (opcode !== continuation) this.#opcode = opcode;
    this.#parts.push(content);
    if (!isLast) return;
    this.onMessage(this.#opcode, Buffer.concat(this.#parts));
    this.#parts = [];
  }
}
