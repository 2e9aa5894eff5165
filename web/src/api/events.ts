// Server-sent events from a fetch body. The loop uses getReader(), because Safari cannot iterate over a body, and EventSource sends no API key.

export interface ServerEvent {
  name: string;
  data: string;
}

// Turns pieces of text into events and comments. A piece may end anywhere, also within a line.
export class EventParser {
  #rest = '';
  #name = '';
  #data: string[] = [];

  constructor(private readonly onEvent: (event: ServerEvent) => void, private readonly onComment: (text: string) => void = () => {}) {}

  push(piece: string): void {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) this.#line(line.endsWith('\r') ? line.slice(0, -1) : line);
  }

  #line(line: string): void {
    if (line === '') this.#dispatch();
    else if (line.startsWith(':')) this.onComment(line.slice(1).trim());
    else if (line.startsWith('data:')) this.#data.push(line.slice(line[5] === ' ' ? 6 : 5));
    else if (line.startsWith('event:')) this.#name = line.slice(6).trim();
  }

  #dispatch(): void {
    if (this.#data.length > 0) this.onEvent({ name: this.#name || 'message', data: this.#data.join('\n') });
    this.#name = '';
    this.#data = [];
  }
}

// Reads the body to its end. Throws if the connection breaks.
export async function readText(body: ReadableStream<Uint8Array>, onText: (text: string) => void): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    onText(decoder.decode(value, { stream: true }));
  }
  onText(decoder.decode());
}
