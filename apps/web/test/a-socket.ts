/** A WebSocket whose other end is the test. */
export class ASocket extends EventTarget {
  static readonly opened: ASocket[] = [];
  readonly sent: (string | Uint8Array)[] = [];
  readonly path: string;
  binaryType = 'blob';
  closed = false;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;

  constructor(path: string) {
    super();
    this.path = path;
  }

  static readonly open = (path: string): WebSocket => {
    const socket = new ASocket(path);
    ASocket.opened.push(socket);
    return socket as unknown as WebSocket;
  };

  static get last(): ASocket {
    const socket = ASocket.opened.at(-1);
    if (!socket) throw new Error('no socket was opened');
    return socket;
  }

  send(data: string | Uint8Array): void {
    this.sent.push(data);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.onclose?.();
  }

  text(frame: unknown): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  bytes(text: string): void {
    const { buffer } = Uint8Array.from(Buffer.from(text));
    this.onmessage?.({ data: buffer });
  }
}
