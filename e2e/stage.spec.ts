/** The four lessons on the stage, with real nc clients. */

import { expect } from '@playwright/test';
import { changeServer } from './gateway.ts';
import { acceptQueueDepth, receiveQueues } from './kernel-table.ts';
import { feedStatus, Stage } from './lab-page.ts';
import { test } from './lab-test.ts';

test('lesson 1: a second nc comes to the one chair and is turned away', async ({
  lab,
  gateway,
  nc,
}) => {
  const stage = new Stage(lab);
  await stage.open(gateway.url, 1);
  expect(await nc('server1').ask('22 + 44')).toBe('66');
  await expect(stage.clients).toHaveCount(1);
  await expect(stage.clients).toContainText(/→\s*66/);
  await expect(stage.root.locator('[data-chair=taken]')).toHaveCount(1);

  await nc('server1').lines.find(/^busy: /);
  const refused = stage.clients.and(lab.locator('[data-place=refused]'));
  await expect(refused).toContainText('busy:');
  await expect(refused).toContainText('FIN');
  await expect(stage.moment).toContainText('away');
  await expect(stage.log).toContainText('turned away: busy:');
  await expect(stage.litLines.filter({ hasText: 'select(' })).toHaveCount(1);
});

test('lesson 2: five nc clients at once, each with a thread of its own', async ({
  lab,
  gateway,
  nc,
}) => {
  const stage = new Stage(lab);
  await stage.open(gateway.url, 2);
  const terminals = Array.from({ length: 5 }, () => nc('server2'));
  const replies = await Promise.all(terminals.map((client, index) => client.ask(`${index} * 11`)));
  expect(replies).toEqual(['0', '11', '22', '33', '44']);
  await expect(stage.clients).toHaveCount(5);
  await expect(stage.sockets.filter({ hasText: 'ESTABLISHED' })).toHaveCount(5);
  await expect(stage.threads.filter({ hasText: 'recv()' })).toHaveCount(5);
  await expect(stage.litLines.filter({ hasText: 'client.recv(' })).toHaveCount(1);
});

test('lesson 3: while select’s only thread calculates for one nc, two others become ready', async ({
  lab,
  gateway,
  nc,
}) => {
  const stage = new Stage(lab);
  // Long enough that a busy machine draws the queues while the first calculation goes on.
  await changeServer(gateway, 'server3', { slowMs: 5000 });
  await stage.open(gateway.url, 3);
  const [one, two, three] = [nc('server3'), nc('server3'), nc('server3')];
  await expect(stage.clients).toHaveCount(3);

  one.type('22 + 44');
  await expect(stage.process).toContainText('22 + 44');
  two.type('7 / 2');
  three.type('2 ^ 10');
  // What two and three said lies in the kernel, and the picture says how much of it.
  const holding = (bytes: number) =>
    stage.sockets.and(lab.getByRole('listitem', { name: `receive queue ${bytes} B,` }));
  await expect(holding(6)).toHaveCount(1);
  await expect(holding(7)).toHaveCount(1);
  const queues = [...receiveQueues(gateway.ports.server3).values()];
  expect(queues.filter((bytes) => bytes > 0).sort()).toEqual([6, 7]);

  // Hold the round in which both are ready: the log says which, and so does the picture.
  expect(await one.lines.line(1)).toBe('66');
  const round = stage.log.getByText(/select\(\) returned: [A-Z], [A-Z] readable/);
  await expect(round).toBeVisible();
  // Frozen first: while lines come, the one under the pointer may be another by the time of the click.
  await lab.keyboard.press('.');
  await expect(feedStatus(lab)).toHaveText('frozen');
  await round.click();
  await expect(stage.descriptors.and(lab.locator('[data-ready=true]'))).toHaveCount(2);
  await expect(stage.litLines.filter({ hasText: 'select(' })).toHaveCount(1);
  expect(await two.lines.line(1)).toBe('3.5');
  expect(await three.lines.line(1)).toBe('1024');
});

test('lesson 4: one write of nc is echoed over two recvs', async ({ lab, gateway, nc }) => {
  const stage = new Stage(lab);
  await stage.open(gateway.url, 4);
  const terminal = nc('server4');
  // Longer than what the server takes with one recv.
  const line = 'echo'.repeat(20_000);
  expect(await terminal.ask(line)).toBe(line);
  const ribbon = stage.root.getByRole('img', { name: /everything sent back/ });
  const recvs = async (): Promise<number[]> => {
    const words = (await ribbon.getAttribute('aria-label')) ?? '';
    const listed = /recvs: ([\d, ]+) bytes/.exec(words)?.[1]?.split(', ') ?? [];
    return listed.map((bytes) => Number(bytes.replace(',', '')));
  };
  await expect
    .poll(async () => (await recvs()).reduce((sum, bytes) => sum + bytes, 0))
    .toBe(line.length + 1);
  expect((await recvs()).length).toBeGreaterThan(1);
});

test('the accept queue is as deep as the kernel says', async ({ lab, gateway, nc }) => {
  const stage = new Stage(lab);
  await changeServer(gateway, 'server1', { policy: 'queue' });
  await stage.open(gateway.url, 1);
  const first = nc('server1');
  expect(await first.ask('1 + 1')).toBe('2');
  const next = nc('server1');
  next.type('2 + 2');
  await expect(stage.acceptQueue).toHaveAccessibleName(/\b1\b/);
  nc('server1');
  nc('server1');
  await expect(stage.acceptQueue).toHaveAccessibleName(/\b3\b/);
  expect(acceptQueueDepth(gateway.ports.server1)).toBe(3);
  await expect(stage.clients).toHaveCount(4);

  await first.quit();
  expect(await next.lines.line(1)).toBe('4');
  await expect(stage.acceptQueue).toHaveAccessibleName(/\b2\b/);
  expect(acceptQueueDepth(gateway.ports.server1)).toBe(2);
});
