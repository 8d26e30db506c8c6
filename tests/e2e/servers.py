# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
"""Servers of a test's own, on free ports and without anything of the system's: what tests of them derive from."""

import glob
import os
import pwd
import shutil
import signal
import socket
import time
import unittest

from harness import DEADLINE, Case, Process, free_port, wait_gone

POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1", "fsync": "off", "autovacuum": "off", "jit": "off",
    "log_connections": "on", "log_disconnections": "on", "log_min_duration_statement": "0",
    "log_line_prefix": "%p ", "lc_messages": "C",
    # Nothing but the clients' own transactions.
    "max_logical_replication_workers": "0", "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0", "checkpoint_timeout": "1h",
}


def postgres_programs():
    """The folder with the newest server, or None."""
    found = glob.glob("/usr/lib/postgresql/*/bin/postgres")
    return os.path.dirname(max(found, key=lambda p: int(p.split("/")[4]))) if found else None


class PostgresCase(Case):
    # A backend that loads a library and ends within milliseconds: what is in that is not known.
    may_be_lost = frozenset(("late", "late_ns"))

    @classmethod
    def setUpClass(cls):
        cls.require()
        cls.bin = postgres_programs()
        if not cls.bin:
            raise unittest.SkipTest("postgresql is not installed")
        cls.start_server(cls.new_cluster())

    @classmethod
    def own_programs(cls, folder):
        """
        Copies of the server's programs, so that no other server on this machine runs of the same file, and
        shares its probes. They look for the rest beside them.
        """
        own = folder + cls.bin
        os.makedirs(own)
        for program in ("initdb", "postgres"):
            shutil.copy(f"{cls.bin}/{program}", own)
        os.symlink(os.path.join(os.path.dirname(cls.bin), "lib"), os.path.join(os.path.dirname(own), "lib"))
        os.symlink("/usr/share", folder + "/usr/share")
        return own

    @classmethod
    def new_cluster(cls):
        """A data directory of an unprivileged user: the server refuses root."""
        users = [entry.pw_name for entry in pwd.getpwall()]
        cls.user = "postgres" if "postgres" in users else "nobody"
        folder = cls.folder(cls, cls.addClassCleanup)
        os.chown(folder, pwd.getpwnam(cls.user).pw_uid, -1)
        cls.socket = folder
        cls.own_bin = cls.own_programs(folder)
        data = os.path.join(folder, "data")
        init = Process(f"{cls.own_bin}/initdb", "-D", data, "-A", "trust", "-U", "postgres",
                       "--no-sync", "--no-locale", user=cls.user, cwd="/")
        cls.addClassCleanup(init.end)
        init.finish()
        return data

    @classmethod
    def start_server(cls, data):
        cls.port = free_port()
        settings = {**POSTGRES_SETTINGS, "port": cls.port, "unix_socket_directories": cls.socket}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        cls.server = Process(f"{cls.own_bin}/postgres", "-D", data, *options, user=cls.user, cwd="/",
                             stop=signal.SIGQUIT)
        cls.addClassCleanup(cls.server.end)
        cls.server.wait_lines("ready to accept connections")

    def client(self, program, *args, **options):
        address = ["-h", "127.0.0.1", "-p", self.port, "-U", "postgres"]
        return self.spawn(f"{self.bin}/{program}", *address, *args,
                          env={"PGSSLMODE": "disable", "PGGSSENCMODE": "disable",
                               "PGOPTIONS": ""}, cwd="/", **options)

    def wait_disconnected(self):
        """Backends end on their own a moment after their clients. What they said before is read first."""
        reloads = sum("received SIGHUP" in s for s in self.server.lines["stderr"] if s)
        os.kill(self.server.pid, signal.SIGHUP)
        self.server.wait_lines("received SIGHUP", reloads + 1)
        logins = sum("connection authorized" in s for s in self.server.lines["stderr"] if s)
        for line in self.server.wait_lines("LOG:  disconnection", logins):
            wait_gone(int(line.split()[0]), self.server.pid)


class RedisCase(Case):
    needs = ("redis-server", "redis-benchmark")

    @classmethod
    def setUpClass(cls):
        cls.require()
        cls.port = free_port()
        cls.server = Process(
            "redis-server", "--port", cls.port, "--bind", "127.0.0.1", "--save", "",
            "--appendonly", "no", "--enable-debug-command", "yes", "--protected-mode", "no",
            cwd="/")
        cls.addClassCleanup(cls.server.end)
        cls.server.wait_lines("Ready to accept connections", stream="stdout")


NGINX_CONFIG = """
worker_processes 1;
daemon off;
user root;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


class NginxCase(Case):
    needs = ("nginx", "curl")

    @classmethod
    def setUpClass(cls):
        cls.require()
        cls.port = free_port()
        folder = cls.folder(cls, cls.addClassCleanup)
        with open(f"{folder}/index.html", "w", encoding="utf-8") as file:
            file.write("hello\n")
        with open(f"{folder}/conf", "w", encoding="utf-8") as file:
            file.write(NGINX_CONFIG.format(folder=folder, port=cls.port))
        cls.server = Process("nginx", "-e", f"{folder}/error.log", "-c", f"{folder}/conf", cwd="/")
        cls.addClassCleanup(cls.server.end)
        wait_open(cls.port)


def wait_open(port):
    """Wait until a server listens there."""
    until = time.monotonic() + DEADLINE
    while True:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > until:
            raise AssertionError(f"nobody listens on port {port}")
        time.sleep(0.01)
