"""Processes, pipes, sockets, threads and callbacks from C: what a server written in Python does all day."""
import asyncio
import ctypes
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading


def children():
    return [subprocess.run([sys.executable, "-S", "-c", f"print({number}**9)"], capture_output=True, check=True).stdout
            for number in range(3)]


def square(number):
    return number * number


def pool():
    with multiprocessing.get_context("fork").Pool(3) as workers:
        return sum(workers.map(square, range(3000), chunksize=50))


def threads():
    lock, total = threading.Lock(), [0]

    def add():
        for _ in range(20000):
            with lock:
                total[0] += 1

    running = [threading.Thread(target=add) for _ in range(4)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return total[0]


def callbacks():
    library = ctypes.CDLL(None)
    numbers = (ctypes.c_int * 3000)(*(number * 7919 % 3001 for number in range(3000)))
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    for _ in range(5):
        # A new closure each time: libffi writes its code.
        compare = kind(lambda left, right: left[0] - right[0])
        library.qsort(numbers, 3000, ctypes.sizeof(ctypes.c_int), compare)
    return list(numbers) == sorted(numbers)


async def conversation():
    async def answer(reader, writer):
        while line := await reader.readline():
            writer.write(line.upper())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def ask(name):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = []
        for number in range(100):
            writer.write(f"{name} {number}\n".encode())
            lines.append(await reader.readline())
        writer.close()
        return lines

    return len(b"".join(sum(await asyncio.gather(*(ask(f"client{number}") for number in range(5))), [])))


def files():
    with tempfile.TemporaryDirectory() as folder:
        for number in range(500):
            with open(os.path.join(folder, f"file{number}"), "w") as file:
                file.write(str(number) * 100)
        os.rename(os.path.join(folder, "file7"), os.path.join(folder, "file1007"))
        return sum(os.stat(os.path.join(folder, name)).st_size for name in os.listdir(folder))


if __name__ == "__main__":
    print("children", children())
    print("pool", pool())
    print("threads", threads())
    print("callbacks", callbacks())
    print("conversation", asyncio.run(conversation()))
    print("files", files())
