"""For an interpreter with a tracing compiler: loops over several types, guards that fail, big numbers, and exceptions."""
import hashlib


def collatz(limit):
    longest = (0, 0)
    for start in range(1, limit):
        steps, value = 0, start
        while value != 1:
            value = value // 2 if value % 2 == 0 else 3 * value + 1
            steps += 1
        longest = max(longest, (steps, start))
    return longest


def sieve(limit):
    flags = bytearray([1]) * limit
    for number in range(2, int(limit**0.5) + 1):
        if flags[number]:
            flags[number * number :: number] = bytes(len(range(number * number, limit, number)))
    return sum(flags) - 2


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)


def mixed():
    total = Point(0, 0.0)
    for number in range(60000):
        total += Point(number, 0.5) if number % 3 else Point(number * 2**40, number)
    return total.x, total.y


def exceptions():
    caught = 0
    for number in range(60000):
        try:
            if number % 5 == 0:
                raise ValueError(number)
            caught += {"a": 1}["a" if number % 7 else "b"]
        except (ValueError, KeyError):
            caught += 2
    return caught


def strings():
    text = "".join(f"{number:x}-" for number in range(40000))
    counts = {}
    for piece in text.split("-"):
        counts[piece[-1:]] = counts.get(piece[-1:], 0) + 1
    return hashlib.sha256(text.encode()).hexdigest()[:16], sorted(counts.items())


def power():
    value = 1
    for number in range(1, 1200):
        value = value * number % (2**521 - 1)
    return value


print("collatz", collatz(20000))
print("sieve", sieve(500000))
print("mixed", mixed())
print("exceptions", exceptions())
print("strings", strings())
print("power", power())
