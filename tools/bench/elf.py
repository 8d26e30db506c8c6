# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Where sites are in a program: its symbols and USDT notes."""

import struct


class Elf:
    """Symbols and USDT notes of a program that we built, as file offsets."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        phoff, shoff = struct.unpack_from("<QQ", self.data, 32)
        phentsize, phnum, shentsize, shnum = struct.unpack_from("<HHHH", self.data, 54)
        headers = [struct.unpack_from("<IIQQQQ", self.data, phoff + i * phentsize)
                   for i in range(phnum)]
        self.loads = [(vaddr, offset, size) for kind, _, offset, vaddr, _, size in headers
                      if kind == 1]
        self.symbols, self.probes = {}, {}
        for i in range(shnum):
            _, kind, _, _, offset, size, link = struct.unpack_from(
                "<IIQQQQI", self.data, shoff + i * shentsize)
            if kind == 2:
                names, = struct.unpack_from("<Q", self.data, shoff + link * shentsize + 24)
                self._read_symbols(offset, size, names)
            elif kind == 7:
                self._read_notes(offset, offset + size)

    def _offset(self, address):
        for vaddr, offset, size in self.loads:
            if vaddr <= address < vaddr + size:
                return address - vaddr + offset
        return None

    def _text(self, at):
        return self.data[at:self.data.index(b"\0", at)].decode()

    def _read_symbols(self, offset, size, names):
        for at in range(offset, offset + size, 24):
            name, info, _, _, value, _ = struct.unpack_from("<IBBHQQ", self.data, at)
            if info & 15 == 2:
                self.symbols[self._text(names + name)] = self._offset(value)

    def _read_notes(self, at, end):
        while at < end:
            owner_size, size, _ = struct.unpack_from("<III", self.data, at)
            owner = at + 12
            at = owner + (owner_size + 3 & ~3)
            if self.data[owner:owner + owner_size] == b"stapsdt\0":
                address, _, semaphore = struct.unpack_from("<QQQ", self.data, at)
                provider = self._text(at + 24)
                probe = self._text(at + 25 + len(provider))
                site = f"{self._offset(address):#x}"
                if semaphore:
                    site += f"/{self._offset(semaphore):#x}"
                self.probes[f"{provider}:{probe}"] = site
            at += size + 3 & ~3
