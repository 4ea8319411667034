"""What server 4 is measured against: echo for many clients, one thread, select.select.

Prints its port.
"""

import select
import socket

BACKLOG = 511
RECV_MAX = 64 * 1024


def main():
    listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    listener.setblocking(False)
    print(listener.getsockname()[1], flush=True)
    sockets = [listener]
    pending = {}  # what a client has not taken yet; meanwhile it is not read
    while True:
        readable, writable, _ = select.select(sockets, list(pending), [])
        for sock in writable:
            rest = pending.pop(sock)
            sent = send(sock, rest)
            if sent < len(rest):
                pending[sock] = rest[sent:]
            else:
                sockets.append(sock)
        for sock in readable:
            if sock is listener:
                client, _ = listener.accept()
                client.setblocking(False)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sockets.append(client)
                continue
            try:
                received = sock.recv(RECV_MAX)
            except OSError:
                received = b""
            if not received:
                sockets.remove(sock)
                sock.close()
                continue
            sent = send(sock, received)
            if sent < len(received):
                sockets.remove(sock)
                pending[sock] = received[sent:]


def send(sock, data):
    """What the kernel takes now, in bytes; all of it is dropped if the client is gone."""
    try:
        return sock.send(data)
    except BlockingIOError:
        return 0
    except OSError:
        return len(data)


main()
