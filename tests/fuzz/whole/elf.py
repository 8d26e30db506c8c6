# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Where things are in an ELF file, and how it is damaged there."""

import struct

ODD = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, (1 << 63) - 1, (1 << 64) - 1)


def sections(data):
    """name: (offset, size) of each section that is in the file"""
    table, size, count, names = (*struct.unpack_from("<Q", data, 40),
                                 *struct.unpack_from("<HHH", data, 58))
    entries = [struct.unpack_from("<IIQQQQ", data, table + i * size) for i in range(count)]
    texts = entries[names][4]
    found = {}
    for name, kind, _, _, offset, length in entries:
        if kind != 8:  # SHT_NOBITS
            end = data.index(b"\0", texts + name)
            found[data[texts + name:end].decode()] = (offset, length)
    return found


def tables(data):
    """(offset, size) of the headers: of the file, of segments, of sections"""
    segments, table = struct.unpack_from("<QQ", data, 32)
    _, n_segments, _, n_sections = struct.unpack_from("<HHHH", data, 54)
    return [(0, 64), (segments, 56 * n_segments), (table, 64 * n_sections)]


def damage(random, data, places, most=16):
    """Up to so many changes at places, each of which is (offset, size)."""
    places = [place for place in places if place[1]]
    for _ in range(random.randint(1, most)):
        offset, size = random.choice(places)
        at = offset + random.randrange(size)
        width = random.choice((1, 1, 2, 4, 8))
        value = random.choice(ODD) if random.random() < 0.5 else random.getrandbits(64)
        new = (value & ((1 << 8 * width) - 1)).to_bytes(width, "little")
        data[at:at + width] = new[:max(0, len(data) - at)]
    return data
