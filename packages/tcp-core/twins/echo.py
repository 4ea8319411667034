"""Server 4: echo, with select."""

import socket
import sys
from contextlib import suppress
from select import select

PENDING_MAX = 256 * 1024
RECV_MAX = 64 * 1024


class Client:
    def __init__(self):
        self.pending = b""
        self.open = True  # until its FIN


def echo(at):
    listener = socket.create_server(at)
    listener.setblocking(False)
    print("listening on port", listener.getsockname()[1], flush=True)
    clients = {}
    while True:
        read = [sock for sock, c in clients.items() if c.open and len(c.pending) < PENDING_MAX]
        write = [sock for sock, c in clients.items() if c.pending]
        readable, writable, _ = select([listener, *read], write, [])

        for sock in writable:
            client = clients[sock]
            sent = send(sock, client.pending)
            client.pending = client.pending[sent:]

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
                received = sock.recv(RECV_MAX)
            if not received:
                client.open = False  # FIN: send what is pending, then ours
            else:
                sent = 0 if client.pending else send(sock, received)
                client.pending += received[sent:]

        for sock, client in list(clients.items()):
            if client.open or client.pending:
                continue
            del clients[sock]
            sock.close()


def send(sock, data):
    """What the kernel takes now, in bytes; all of it is dropped if the client is gone."""
    try:
        return sock.send(data)
    except BlockingIOError:
        return 0
    except ConnectionError:
        return len(data)


if __name__ == "__main__":
    echo((sys.argv[1], int(sys.argv[2])))
