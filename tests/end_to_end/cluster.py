"""A Slurm of its own on this machine, for tests: munged, slurmctld and four slurmd with made-up nodes n0 to n3, in a folder, on free ports,
without systemd. Nothing of it is left when it ends, and the machine's own Slurm, if it has one, is not touched."""
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "scancel", "sinfo")
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
NODES, CPUS, GPUS = 4, 8, 4
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
prctl = ctypes.CDLL(None).prctl

# Whatever the machine has, a node says it has 8 CPUs and 4 GPUs, and tasks are not bound. Spool and temporary folders are a node's own:
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
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def descendants():
    """Of this process, which those that lost their parents belong to as well."""
    children = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as file:
                state, parent = file.read().rsplit(")", 1)[1].split()[:2]
        except OSError:
            continue
        if state not in "ZX":
            children.setdefault(int(parent), []).append(int(pid))
    found, look_at = [], [os.getpid()]
    while look_at:
        born = children.get(look_at.pop(), [])
        found += born
        look_at += born
    return found


class Cluster:
    def __init__(self, folder):
        self.folder = folder
        self.daemons = []  # (name, process), in the order in which they were started
        self.environment = {**os.environ, "PATH": PATH, "SLURM_CONF": self.path("slurm.conf")}
        self.left = []  # names of processes that had to be killed in the end

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def start(self):
        missing = [name for name in PROGRAMS if not shutil.which(name, path=PATH)]
        if missing:
            raise Unavailable(f"Slurm is not installed ({', '.join(missing)} missing); Debian: slurm-wlm and munge")
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
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
        gpus = [self.path(f"gpu{i}") for i in range(GPUS)]
        for gpu in gpus:
            self.write(gpu, "")
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
            process = subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment,
                                       preexec_fn=lambda: prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0))
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
        if not self.daemons:
            return
        if any(name == "slurmctld" and process.poll() is None for name, process in self.daemons):
            self.run("scancel", "--full", "--user", str(os.getuid()))
            end = time.monotonic() + 15
            while self.run("squeue", "-h").stdout.strip() and time.monotonic() < end:
                time.sleep(0.2)
        while self.daemons:
            name, process = self.daemons.pop()
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        end = time.monotonic() + 5
        while descendants() and time.monotonic() < end:
            time.sleep(0.1)
        for pid in descendants():
            with open(f"/proc/{pid}/cmdline") as file:
                self.left.append(file.read().replace("\0", " "))
            os.kill(pid, signal.SIGKILL)
