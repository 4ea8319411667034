"""What server 3 is measured against: many clients, one thread, select.select, and eval.

Prints its port.
"""

import select
import socket

BACKLOG = 511


def answer(line):
    try:
        return str(eval(line)).encode()
    except Exception as error:
        return b"error: " + str(error).encode()


def main():
    listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    listener.setblocking(False)
    print(listener.getsockname()[1], flush=True)
    rests = {}  # the bytes of each client's unfinished line
    sockets = [listener]
    while True:
        readable, _, _ = select.select(sockets, [], [])
        for sock in readable:
            if sock is listener:
                client, _ = listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sockets.append(client)
                rests[client] = b""
                continue
            try:
                received = sock.recv(4096)
            except OSError:
                received = b""
            if not received:
                sockets.remove(sock)
                del rests[sock]
                sock.close()
                continue
            *lines, rests[sock] = (rests[sock] + received).split(b"\n")
            for line in lines:
                sock.sendall(answer(line) + b"\n")


main()
