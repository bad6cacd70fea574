"""A Slurm of its own on this machine, for tests: munged, slurmctld and four slurmd with made-up nodes n0 to n3, in a folder, on free ports,
without systemd. Nothing of it is left when it ends, and the machine's own Slurm, if it has one, is not touched."""
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "scancel", "sinfo")
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
NODES, CPUS, GPUS = 4, 16, 4

# Whatever the machine has, a node says it has 16 CPUs and 4 GPUs, and tasks are not bound. Spool and temporary folders are a node's own:
# several nodes are on one machine.
CONFIGURATION = """
ClusterName=trial
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
TmpFS={folder}/%n/tmp
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,bf_interval=1,sched_interval=1
MailProg=/bin/true
MpiDefault=none
ReturnToService=2
KillWait=2
GresTypes=gpu
{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
NODE = "NodeName=n{i} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} CoresPerSocket={cpus} RealMemory=256000 Gres=gpu:{gpus} State=UNKNOWN"


class Unavailable(Exception):
    """Why there can be no such Slurm here."""


def free_ports(count):
    """Below those that the kernel gives to connections, of which one could take a port before its daemon does."""
    ports = []
    while len(ports) < count:
        with socket.socket() as attempt:
            port = random.randrange(20000, 32000)
            try:
                attempt.bind(("127.0.0.1", port))
                ports.append(port)
            except OSError:
                continue
    return ports


def processes_of(folder):
    """All that were started for such a Slurm, jobs among them: their environment says so."""
    mark, found = f"SLURM_CONF={folder}/slurm.conf".encode(), {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as environment, open(f"/proc/{pid}/cmdline", "rb") as command:
                if mark in environment.read().split(b"\0"):
                    found[int(pid)] = command.read().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
    return found


def guard(folder):
    """A process of its own: waits until the test closes its input or dies in whatever way, and kills what is left then."""
    sys.stdin.read()
    killed = {}
    while left := processes_of(folder):
        killed.update(left)
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.1)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        print(*killed.values(), sep="\n", end="", flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody asks any more


class Cluster:
    def __init__(self, folder):
        self.folder = folder
        self.daemons = []  # (name, process), in the order in which they were started
        self.guard = None
        self.environment = {**os.environ, "PATH": PATH, "SLURM_CONF": self.path("slurm.conf")}

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def start(self):
        missing = [name for name in PROGRAMS if not shutil.which(name, path=PATH)]
        if missing:
            raise Unavailable(f"Slurm is not installed ({', '.join(missing)} missing); Debian: slurm-wlm and munge")
        self.guard = subprocess.Popen([sys.executable, __file__, self.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                      start_new_session=True)
        self.configure()
        self.daemon("munged", "--foreground", "--force", *(f"--{name}={self.path('munge', file)}" for name, file in (
            ("key-file", "key"), ("socket", "socket"), ("pid-file", "pid"), ("log-file", "log"), ("seed-file", "seed"))))
        self.await_that(lambda: os.path.exists(self.path("munge", "socket")), "munged makes no socket")
        self.daemon("slurmctld", "-D", "-i")
        for i in range(NODES):
            self.daemon("slurmd", "-D", "-N", f"n{i}", name=f"slurmd-n{i}")
        self.await_that(lambda: self.run("sinfo", "-h", "-o", "%D %T").stdout.split() == [str(NODES), "idle"], "the nodes do not come up")

    def configure(self):
        for name in ("munge", "state", *(f"n{i}/tmp" for i in range(NODES))):
            os.makedirs(self.path(name), mode=0o700)
        with open(os.open(self.path("munge", "key"), os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(os.urandom(128))
        host, ports = socket.gethostname().split(".")[0], free_ports(1 + NODES)
        nodes = "\n".join(NODE.format(i=i, host=host, port=ports[1 + i], cpus=CPUS, gpus=GPUS) for i in range(NODES))
        user = subprocess.check_output(["id", "-un"], text=True).strip()
        self.write("slurm.conf", CONFIGURATION.format(folder=self.folder, host=host, ports=ports, user=user, nodes=nodes))
        for i in range(GPUS):
            os.symlink("/dev/null", self.path(f"gpu{i}"))
        self.write("gres.conf", f"Name=gpu File={self.path(f'gpu[0-{GPUS - 1}]')}\n")
        # From 23.02 on no cgroups can be had; before, those of version 1 are touched when something asks for them, which nothing does.
        version = re.search(r"(\d+)\.(\d+)", subprocess.run(["slurmd", "-V"], capture_output=True, text=True, env=self.environment).stdout)
        old = version is None or tuple(map(int, version.groups())) < (23, 2)
        self.write("cgroup.conf", f"CgroupPlugin={'cgroup/v1' if old else 'disabled'}\n")

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)

    def daemon(self, program, *arguments, name=None):
        name = name or program
        with open(self.path(name + ".log"), "wb") as log:
            process = subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        self.daemons.append((name, process))

    def await_that(self, condition, otherwise, limit=30):
        end = time.monotonic() + limit
        while not condition():
            for name, process in self.daemons:
                if process.poll() is not None:
                    raise Unavailable(f"{name} cannot run here: {self.last_words(name)}")
            if time.monotonic() > end:
                raise Unavailable(f"{otherwise}: {self.last_words(self.daemons[-1][0])}")
            time.sleep(0.1)

    def last_words(self, name):
        with open(self.path(name + ".log"), errors="replace") as file:
            lines = file.read().splitlines()
        wrong = [line for line in lines if "error" in line.lower() or "fatal" in line.lower()]
        return (wrong or lines or ["it said nothing"])[-1]

    def run(self, *command, environment=None, limit=60):
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=limit,
                              env={**self.environment, **(environment or {})})

    def states(self, job):
        """Of every task of a job: its state and the exit status of its script."""
        shown = self.run("scontrol", "-o", "show", "job", str(job)).stdout
        return [(state, int(code)) for state, code in re.findall(r"JobState=(\S+) .*?ExitCode=(\d+):", shown)]

    def stop(self):
        """What had to be killed in the end."""
        if any(name == "slurmctld" and process.poll() is None for name, process in self.daemons):
            self.run("scancel", "--full", "--user", str(os.getuid()))
            end = time.monotonic() + 15
            while self.run("squeue", "-h").stdout.strip() and time.monotonic() < end:
                time.sleep(0.2)
        while self.daemons:
            _, process = self.daemons.pop()
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self.guard is None:
            return ""
        end = time.monotonic() + 5
        while processes_of(self.folder) and time.monotonic() < end:
            time.sleep(0.1)
        return self.guard.communicate()[0]


if __name__ == "__main__":
    guard(sys.argv[1])
