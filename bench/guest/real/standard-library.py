"""Python's standard library, a line of results for each part."""
import decimal
import fractions
import hashlib
import heapq
import itertools
import json
import lzma
import random
import re
import sqlite3
import struct
import zlib


def digest(value):
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def hashes():
    data = bytes(range(256)) * 2000
    return [hashlib.new(name, data).hexdigest() for name in ("md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256")]


def documents():
    document = {str(key): [key / 7, key**3, "ü" * (key % 9), None, key % 2 == 0] for key in range(4000)}
    text = json.dumps(document, sort_keys=True, indent=1)
    assert json.loads(text) == document
    return text


def expressions():
    text = " ".join(f"user{number}@host{number % 17}.example 2026-{number % 12 + 1:02}-{number % 28 + 1:02}" for number in range(6000))
    found = re.findall(r"(\w+)@(\w+)\.example (\d{4})-(\d\d)-(\d\d)", text)
    return found, re.sub(r"(?<=host)1(\d)?", lambda match: f"<{match[1]}>", text), re.split(r"\s+2026-0[1-6]-", text)


def database():
    connection = sqlite3.connect(":memory:")
    connection.execute("create table item (id integer primary key, kind text, price real)")
    rows = ((number, f"kind{number % 23}", number * 0.37) for number in range(20000))
    connection.executemany("insert into item values (?, ?, ?)", rows)
    connection.execute("create index by_kind on item (kind)")
    return connection.execute(
        "select kind, count(*), sum(price), max(id) from item where price > 100 group by kind order by kind"
    ).fetchall()


def compression():
    data = b"".join(struct.pack("<IdH", number, number / 3, number % 1000) for number in range(20000))
    packed = zlib.compress(data, 9), lzma.compress(data, preset=1)
    assert zlib.decompress(packed[0]) == data and lzma.decompress(packed[1]) == data
    return data, packed[0]


def numbers():
    random.seed(20261128)
    floats = [random.gauss(0, 1) for _ in range(20000)]
    decimal.getcontext().prec = 60
    root = decimal.Decimal(2).sqrt()
    harmonic = sum(fractions.Fraction(1, number) for number in range(1, 300))
    return sum(floats), sorted(floats)[::500], root, harmonic, 3**2000 % 1000003, pow(7, 10**50, 10**40 + 1)


def structures():
    heap = []
    for number in range(20000):
        heapq.heappush(heap, (number * 7919 % 10007, number))
    order = [heapq.heappop(heap) for _ in range(20000)]
    return order[::100], list(itertools.islice(itertools.permutations("cofferdam"), 0, 20000, 700))


for part in (hashes, documents, expressions, database, compression, numbers, structures):
    print(part.__name__, digest(part()))
