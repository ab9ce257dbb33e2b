"""Private database servers and services, for Scripts/guard and Scripts/cluster.

Scripts/with-mariadb sets the environment variables that name the server program and its data.
"""

import http.client
import os
import random
import socket
import subprocess
import sys
import time

BINARY = os.path.abspath(".build/release/megaphone")
PROVIDER = "/usr/lib/galera/libgalera_smm.so"


def wait_until(condition, what, process):
    """Waits until the condition holds. Fails if the process ends first, or after a minute."""
    end = time.monotonic() + 60
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            sys.exit(f"{what} did not start (exit code {process.poll()})")
        time.sleep(0.05)


def free_ports(count):
    """Returns ports on which nothing listens, below those of outgoing connections."""
    ports = []
    while len(ports) < count:
        port = random.randrange(20000, 31000)
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


class Database:
    """A private server on a copy of the template of Scripts/with-mariadb."""

    def __init__(self, home, name):
        self.data = f"{home}/{name}"
        subprocess.run(["cp", "-a", os.environ["MEGAPHONE_TEST_MYSQL_TEMPLATE"], self.data], check=True)
        self.port, self.group_port, self.ist_port, self.transfer_port = free_ports(4)
        self.options = []

    @property
    def url(self):
        return f"mysql://megaphone:p%40ss%2Fword@127.0.0.1:{self.port}/megaphone?ssl-mode=DISABLED"

    def join(self, cluster, number):
        """Makes the server one of a Galera cluster."""
        group = ",".join(f"127.0.0.1:{node.group_port}" for node in cluster)
        self.options = [
            "--wsrep-on=ON", f"--wsrep-provider={PROVIDER}", "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2",
            f"--wsrep-cluster-address=gcomm://{group}", "--wsrep-cluster-name=guard", f"--wsrep-node-name=n{number}",
            f"--wsrep-node-address=127.0.0.1:{self.group_port}", "--wsrep-sst-method=rsync",
            f"--wsrep-sst-receive-address=127.0.0.1:{self.transfer_port}",
            f"--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{self.group_port};"
            f"ist.recv_addr=127.0.0.1:{self.ist_port};gcache.size=16M"]

    def start(self, *more):
        # The owner of the template in Scripts/with-mariadb. The server refuses to run as root.
        user = ["--reuid=nobody", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        with open(f"{self.data}.log", "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", *user, "--pdeathsig=KILL", "--", os.environ["MEGAPHONE_TEST_MYSQLD"], "--no-defaults",
                 f"--datadir={self.data}", f"--socket={self.data}/socket", f"--tmpdir={self.data}",
                 f"--pid-file={self.data}/pid", "--bind-address=127.0.0.1", f"--port={self.port}",
                 "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M", *self.options, *more],
                stdout=log, stderr=log)
        wait_until(self.works, "the database", self.process)

    def works(self):
        return self.sql("SELECT COUNT(*) FROM information_schema.schemata", check=False) is not None

    def sql(self, statement, check=True):
        """Returns the rows of a statement; None if it fails and is not checked."""
        finished = subprocess.run(
            ["mariadb", "--no-defaults", f"--socket={self.data}/socket", "--user=megaphone", "--password=p@ss/word",
             "--batch", "--skip-column-names", "megaphone", "--execute", statement], capture_output=True, text=True)
        if finished.returncode != 0:
            if check:
                raise RuntimeError(finished.stderr.strip())
            return None
        return [line.split("\t") for line in finished.stdout.splitlines()]

    def cut_off(self, is_cut_off):
        """Cuts the server off from the others of its cluster, without ending a connection of its clients."""
        self.sql(f"SET GLOBAL wsrep_provider_options = 'gmcast.isolate={int(is_cut_off)}'", check=False)

    def kill(self):
        self.process.kill()
        self.process.wait()


def open_databases(home, galera):
    """Starts one server, or three that are a cluster."""
    databases = [Database(home, f"data{number}") for number in range(3 if galera else 1)]
    for number, database in enumerate(databases):
        if galera:
            database.join(databases, number)
        database.start(*(["--wsrep-new-cluster"] if galera and number == 0 else []))
    return databases


class Service:
    """A service of its own on a database. `settings` are further lines of its configuration."""

    def __init__(self, home, number, database, *settings):
        self.home, self.number = home, number
        [self.port] = free_ports(1)
        with open(f"{home}/m{number}.toml", "w", encoding="utf-8") as file:
            file.write("\n".join([
                f"port = {self.port}", f'database_url = "{database.url}"', 'log_level = "warning"',
                'broadcaster_auth = { test = "writer" }', *settings]))
        self.log = open(f"{home}/m{number}.log", "ab")
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", "--", BINARY, "serve", f"--config={self.home}/m{self.number}.toml"],
            stdout=self.log, stderr=self.log, cwd=self.home, env={})
        wait_until(self.is_live, "the service", self.process)

    def is_live(self):
        return self.status("/__lbheartbeat__") == 200

    def works(self):
        return self.status("/__heartbeat__") == 200

    def status(self, path):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self):
        """Ends the service with SIGTERM and returns its exit code."""
        self.process.terminate()
        return self.process.wait(30)
