"""system_info.txt: what a machine is and what it was doing, for people."""
import datetime
import os
import platform
import re
import shutil
import subprocess

COMMANDS = {"Processor": ["lscpu"], "Memory": ["free", "-h"], "NVIDIA GPU": ["nvidia-smi"], "Load": ["uptime"]}


def output(command, cwd=None):
    """What a command says, or why it says nothing."""
    if not shutil.which(command[0]):
        return f"{command[0]} is not installed"
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60, stdin=subprocess.DEVNULL, cwd=cwd)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {error}"
    return (done.stdout or done.stderr).strip() or f"{command[0]} said nothing"


def os_name():
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return platform.system()


def gather(source, program, launcher):
    """The text. `launcher`: the program that starts jobs."""
    parts = {"Date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC"), "System": f"{os_name()}\n{' '.join(platform.uname()[i] for i in (0, 2, 4))}"}
    parts["Source"] = output(["git", "describe", "--always", "--dirty", "--abbrev=40"], cwd=source)
    parts["Program"] = output([program, "--version"])
    parts["Launcher"] = output([launcher, "--version"]).splitlines()[0]
    parts.update({title: output(command) for title, command in COMMANDS.items()})
    return "".join(f"# {title}\n{text}\n\n" for title, text in parts.items())


def folder_name():
    """<date>-<host-ish name>: what the machine is, and not what it is called."""
    gpu = output(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]) if shutil.which("nvidia-smi") else ""
    cpu = re.search(r"^Model name:\s*(.+)$", output(["lscpu"]), re.MULTILINE)
    name = gpu.splitlines()[0] if gpu and "NVIDIA" in gpu else f"{cpu[1] if cpu else platform.machine()} {os.cpu_count()} cores"
    words = re.sub(r"\((r|tm)\)|\bcpu\b|\bprocessor\b|@.*?ghz", " ", name.lower())
    return f"{datetime.date.today().isoformat()}-{'-'.join(re.findall(r'[a-z0-9]+', words))[:40].strip('-')}"
