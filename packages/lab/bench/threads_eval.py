"""What server 2 is measured against: a thread for each client, blocking calls, and eval.

Prints its port.
"""

import socket
import threading

BACKLOG = 511


def answer(line):
    try:
        return str(eval(line)).encode()
    except Exception as error:
        return b"error: " + str(error).encode()


def serve(client):
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    rest = b""
    try:
        while received := client.recv(4096):
            *lines, rest = (rest + received).split(b"\n")
            for line in lines:
                client.sendall(answer(line) + b"\n")
    except OSError:
        pass
    client.close()


def main():
    listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    print(listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()


main()
