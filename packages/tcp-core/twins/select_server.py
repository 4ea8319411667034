"""Server 3: many clients, one thread, select."""

import socket
import sys
from contextlib import suppress
from select import select

from calculate import calculate


class Client:
    def __init__(self):
        self.inbox = b""
        self.outbox = b""
        self.open = True  # until its FIN


def select_server(at):
    listener = socket.create_server(at)
    listener.setblocking(False)
    print("listening on port", listener.getsockname()[1], flush=True)
    clients = {}
    while True:
        read = [sock for sock, client in clients.items() if not client.outbox]
        write = [sock for sock, client in clients.items() if client.outbox]
        readable, _, _ = select([listener, *read], write, [])

        for sock in readable:
            if sock is listener:
                with suppress(BlockingIOError):  # it may be gone again
                    newcomer, _ = listener.accept()
                    newcomer.setblocking(False)
                    clients[newcomer] = Client()
                continue
            client = clients[sock]
            received = b""
            with suppress(ConnectionError):  # reset: the end, too
                received = sock.recv(4096)
            client.open = received != b""
            # A message ends with a newline; what has none yet waits for the next recv.
            *lines, client.inbox = (client.inbox + received).split(b"\n")
            for line in lines:
                client.outbox += calculate(line)

        for sock, client in list(clients.items()):
            try:
                if client.outbox:
                    sent = sock.send(client.outbox)
                    client.outbox = client.outbox[sent:]
            except BlockingIOError:
                pass  # no room: select will say when there is
            except ConnectionError:
                client.outbox = b""
            if not client.open and not client.outbox:
                del clients[sock]
                sock.close()


if __name__ == "__main__":
    select_server((sys.argv[1], int(sys.argv[2])))
