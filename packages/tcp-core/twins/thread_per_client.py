"""Server 2: a thread for each client."""

import socket
import sys
from contextlib import suppress
from threading import Thread

from calculate import calculate


def thread_per_client(at):
    listener = socket.create_server(at)
    print("listening on port", listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        Thread(target=serve_client, args=(client,), daemon=True).start()


def serve_client(client):
    """The whole life of one client, top to bottom: this is what its thread does."""
    rest = b""
    with suppress(ConnectionError):  # reset by the client
        while True:
            received = client.recv(4096)
            if not received:
                break  # FIN: it will say no more
            # A message ends with a newline; what has none yet waits for the next recv.
            *lines, rest = (rest + received).split(b"\n")
            for line in lines:
                client.sendall(calculate(line))
    client.close()


if __name__ == "__main__":
    thread_per_client((sys.argv[1], int(sys.argv[2])))
