/** The clients that are really used in class, against the four servers. */

import { describe, expect, it } from 'vitest';
import { has } from '../../../scripts/test-programs.mjs';
import { serverIds } from '@sockscope/tcp-core/designs/all';
import { ChildProgram } from '@sockscope/test-kit/child-program';
import { TestLab } from './test-lab.ts';

/** The assignment's client in its usual form: one send without newline, one recv. */
const STUDENTS_CLIENT = `
import socket, sys
s = socket.socket()
s.connect(("127.0.0.1", int(sys.argv[1])))
for message in sys.argv[2:]:
    s.send(message.encode())
    print(s.recv(1024).decode())
s.close()
`;

describe.each(serverIds)('%s', (server) => {
  const test = new TestLab();
  const port = test.start(server).then(String);
  const echoes = server === 'server4';

  const output = async (command: string, args: string[], input: string): Promise<string> => {
    const child = new ChildProgram(command, args).end(input);
    await child.exit;
    return child.stdout;
  };

  it.runIf(has('nc'))('answers nc -N, which half-closes after its input', async () => {
    const said = await output('nc', ['-N', '127.0.0.1', await port], '22 + 44\n7/0\n');
    if (echoes) expect(said).toBe('22 + 44\n7/0\n');
    else expect(said).toMatch(/^66\nerror: division by zero.*\n$/);
  });

  it.runIf(has('nc'))(
    'keeps the session of nc, which sends no FIN at the end of its input',
    async () => {
      const nc = new ChildProgram('nc', ['127.0.0.1', await port]).end('1+1\n');
      await nc.prints(echoes ? /^1\+1\n$/ : /^2\n$/);
      const { connections } = test.lab.state.servers[server]!;
      expect(Object.values(connections).some(({ peerClosed }) => peerClosed)).toBe(false);
      nc.child.kill();
      const { connection } = await test.event('accepted');
      await nc.exit;
      await test.event('closed', (event) => event.connection > connection);
    },
  );

  it.runIf(has('python3'))("answers the students' client: no newline, one recv", async () => {
    const said = await output(
      'python3',
      ['-c', STUDENTS_CLIENT, await port, '22 + 44', '2^64'],
      '',
    );
    expect(said).toBe(echoes ? '22 + 44\n2^64\n' : '66\n18446744073709551616\n');
  });

  it.runIf(has('bash'))("answers bash's /dev/tcp", async () => {
    const script = `exec 3<>/dev/tcp/127.0.0.1/${await port}; echo '6*7' >&3; read -r reply <&3; echo "$reply"`;
    expect(await output('bash', ['-c', script], '')).toBe(echoes ? '6*7\n' : '42\n');
  });

  it.runIf(has('telnet'))('answers telnet', async () => {
    const telnet = new ChildProgram('telnet', ['127.0.0.1', await port]);
    await telnet.prints(/Escape character/);
    telnet.write('6*7\n');
    await telnet.prints(echoes ? /\n6\*7\r?\n/ : /\n42\r?\n/);
    telnet.child.kill();
    await telnet.exit;
  });

  it.runIf(has('socat'))('answers socat', async () => {
    const said = await output('socat', ['-t5', '-', `TCP:127.0.0.1:${await port}`], '6*7\n');
    expect(said).toBe(echoes ? '6*7\n' : '42\n');
  });
});
