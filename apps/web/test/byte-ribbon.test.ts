import { describe, expect, it } from 'vitest';
import { stageType } from '../src/view/stage/label.ts';
import { layoutByteRibbon } from '../src/view/stage/process/byte-ribbon.ts';
import { charactersOf, ribbonConnection, stripOf } from '../src/view/stage/process/byte-strip.ts';
import { ALab } from './a-lab.ts';

const type = stageType({ width: 880, height: 410, unit: 16, projector: false });
const rect = { x: 0, y: 0, width: 500, height: 130 };

function echoing(clients = 1): ALab {
  const lab = new ALab();
  lab.start('server4');
  for (let id = 1; id <= clients; id += 1) lab.connect('server4', id, 23 + id);
  return lab;
}

/** Bytes as the event log has them, one character a byte. */
function raw(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

function recv(lab: ALab, id: number, bytes: string): void {
  const preview = bytes.slice(0, 256);
  lab.happen('server4', 1, {
    type: 'received',
    connection: id,
    fd: 23 + id,
    bytes: bytes.length,
    preview,
  });
}

function send(lab: ALab, id: number, bytes: string, requested = bytes.length): void {
  const preview = bytes.slice(0, 256);
  lab.happen('server4', 1, {
    type: 'sent',
    connection: id,
    fd: 23 + id,
    bytes: bytes.length,
    requested,
    preview,
  });
}

function ribbonOf(lab: ALab, width = rect.width) {
  const ribbon = layoutByteRibbon(lab.lab.servers.server4!, { ...rect, width }, type, false);
  if (!ribbon) throw new Error('nothing is drawn');
  return ribbon;
}

describe('the byte ribbon', () => {
  it('shows an echo split over two recvs: two brackets above, as many below as there were sends', () => {
    const lab = echoing();
    recv(lab, 1, 'hello wor');
    recv(lab, 1, 'ld\n');
    send(lab, 1, 'hello world\n');
    const { cells, above, below, cellWidth, words } = ribbonOf(lab);
    expect(cells.map(({ character }) => character?.text ?? '').join('')).toBe('hello world\\n');
    expect(cells.at(-1)?.hex?.text).toBe('0a');
    expect(above.map(({ label }) => label?.text)).toEqual(['9 bytes', '3 bytes']);
    expect(below.map(({ label }) => label?.text)).toEqual(['12 bytes']);
    // Each bracket spans its bytes.
    expect(above.map(({ width }) => Math.round((width + 3) / cellWidth))).toEqual([9, 3]);
    expect(words).toContain('the last 2 recvs: 9, 3 bytes; the last send: 12 bytes');
  });

  it('lets the bytes wait that have not gone back', () => {
    const lab = echoing();
    recv(lab, 1, 'abcdef');
    send(lab, 1, 'ab');
    const { cells, below, title } = ribbonOf(lab);
    expect(cells.map(({ sent }) => sent)).toEqual([true, true, false, false, false, false]);
    expect(below.map(({ kind, label }) => [kind, label?.text])).toEqual([
      ['send', '2 B'],
      ['waits', '4 bytes'],
    ]);
    expect(title.text).toBe('fd 24: 6 bytes in, 2 out, 4 wait');
  });

  it('shows whose bytes moved last, even after its end, and nothing before the first byte', () => {
    const lab = echoing(2);
    expect(ribbonConnection(lab.lab.servers.server4!)).toBeNull();
    recv(lab, 1, 'one');
    recv(lab, 2, 'two');
    expect(ribbonOf(lab).connection.id).toBe(2);
    send(lab, 1, 'one');
    expect(ribbonOf(lab).connection.id).toBe(1);
    lab.happen('server4', 1, {
      type: 'closed',
      drained: 0,
      connection: 1,
      fd: 24,
      how: 'fin',
      errno: null,
      received: 3,
      sent: 3,
    });
    expect(ribbonOf(lab).title.text).toBe('fd 24, closed: 3 bytes in, 3 out');
  });
});

describe('stripOf', () => {
  const sizes = (lab: ALab, width: number, gap = 5) =>
    stripOf(ribbonConnection(lab.lab.servers.server4!)!, width, gap).map((part) =>
      part.kind === 'gap'
        ? `gap ${part.offset} ${part.bytes}`
        : `${part.offset} ${part.cells.length}`,
    );

  it('cuts long recvs and says how many bytes are left out; their sum is exact', () => {
    const lab = echoing();
    recv(lab, 1, 'x'.repeat(65_536));
    expect(sizes(lab, 20)).toEqual(['0 15', 'gap 15 65521']);
    recv(lab, 1, 'y'.repeat(300));
    // Both can be seen, side by side.
    expect(sizes(lab, 20)).toEqual(['0 2', 'gap 2 65534', '65536 8', 'gap 65544 292']);
  });

  it('cuts the beginning of an earlier recv, so that where the next one begins can be seen', () => {
    const lab = echoing();
    recv(lab, 1, 'hello wor');
    recv(lab, 1, 'ld\n');
    expect(sizes(lab, 10)).toEqual(['2 7', '9 3']);
    expect(ribbonOf(lab, 230).above.map(({ label }) => label?.text)).toEqual([
      '9 bytes',
      '3 bytes',
    ]);
  });

  it('shows no more bytes than are known', () => {
    const lab = echoing();
    recv(lab, 1, 'z'.repeat(1000));
    expect(sizes(lab, 200)).toEqual(['0 64', 'gap 64 936']);
  });

  it('counts what was summed up since as bytes that are not drawn', () => {
    const lab = echoing();
    recv(lab, 1, 'abc');
    lab.happen('server4', 1, {
      type: 'summed',
      waited: 0,
      micros: 9,
      turns: 9,
      connections: [
        {
          connection: 1,
          fd: 24,
          received: { calls: 9, bytes: 900 },
          sent: { calls: 9, bytes: 900 },
          messages: 0,
          errors: 0,
        },
      ],
    });
    expect(sizes(lab, 20)).toEqual(['0 3', 'gap 3 900']);
  });

  it('keeps one character that two recvs split together', () => {
    const lab = echoing();
    const [first, second] = [raw('aä').slice(0, 2), raw('aä').slice(2)];
    recv(lab, 1, first);
    expect(ribbonOf(lab).cells.map(({ text }) => text)).toEqual(['a', '·']);
    recv(lab, 1, second);
    const { cells } = ribbonOf(lab);
    expect(cells.map(({ text, joined }) => [text, joined])).toEqual([
      ['a', false],
      ['ä', false],
      ['', true],
    ]);
  });
});

describe('charactersOf', () => {
  const read = (text: string) =>
    charactersOf(Array.from(text, (byte) => byte.charCodeAt(0))).map(({ text: cell }) => cell);

  it('shows control characters, invisible ones and what is no UTF-8', () => {
    expect(read('a\r\n\t\x1b')).toEqual(['a', '\\r', '\\n', '\\t', '·']);
    expect(read(raw('€·'))).toEqual(['€', '', '', '·', '']);
    expect(read('\xff\xc3A\xa4')).toEqual(['·', '·', 'A', '·']);
    // A mark that would reverse the text after it.
    expect(read(raw('\u202e'))[0]).toBe('·');
  });
});
