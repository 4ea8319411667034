"""Server 1: one client at a time. What a second one lives through: busy, refuse or queue."""

import select
import socket
import sys
from contextlib import suppress

from calculate import calculate
from thread_per_client import serve_client

BUSY = b"busy: this server serves one client at a time and has one now; try again later\n"


def one_at_a_time(at, policy="busy"):
    listener = socket.create_server(at)
    print("listening on port", listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        if policy == "busy":
            serve_and_watch_the_door(listener, client)
        elif policy == "queue":
            serve_client(client)
        else:
            at = listener.getsockname()
            listener.close()
            serve_client(client)
            listener = socket.create_server(at)


def serve_and_watch_the_door(listener, client):
    rest = b""
    with suppress(ConnectionError):  # reset by the client
        while True:
            readable, _, _ = select.select([listener, client], [], [])
            if client in readable:
                received = client.recv(4096)
                if not received:
                    break  # FIN
                # A message ends with a newline; what has none yet waits for the next recv.
                *lines, rest = (rest + received).split(b"\n")
                for line in lines:
                    reply = calculate(line)
                    client.sendall(reply)
            else:
                newcomer, _ = listener.accept()
                refuse(newcomer)
    client.close()


def refuse(newcomer):
    with newcomer, suppress(ConnectionError):
        newcomer.sendall(BUSY)


if __name__ == "__main__":
    one_at_a_time((sys.argv[1], int(sys.argv[2])), *sys.argv[3:])
