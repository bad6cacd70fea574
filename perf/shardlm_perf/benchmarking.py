"""All benchmarks of one model into one results folder. What fails is recorded there, and the others go on."""
import os
import shutil
import tempfile

from . import rounds
from .preparing import Preparation
from .refusal import Refused, say, write_whole
from .results import NAMES, Benchmark
from .running import Failed, Runner
from .system_info import gather

PERF = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def environment(options, work):
    """Of all that is run: Open MPI as root, threads where the system puts them, and on one machine a cache that goes with the work folder."""
    made = dict(os.environ)
    for name, value in (("OMPI_ALLOW_RUN_AS_ROOT", "1"), ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"), ("OMP_PROC_BIND", "false")):
        made.setdefault(name, value)
    if options.one_machine:
        made["XDG_CACHE_HOME"] = os.path.join(work, "cache")
        os.mkdir(made["XDG_CACHE_HOME"])
    return made


class Benchmarking:
    def __init__(self, options, model, out):
        """`options`: those of perf/run-benchmarks; `out`: an empty folder."""
        self.options, self.out, self.failed = options, out, set()
        self.work = tempfile.mkdtemp(prefix=os.path.basename(os.path.abspath(out)) + ".work-", dir=options.work or os.path.dirname(os.path.abspath(out)))
        self.runner = Runner(environment(options, self.work), options.limit)
        self.preparation = Preparation(options.program, model, self.work, self.runner, options.replaced)

    def run(self):
        """Whether all went well."""
        try:
            write_whole(self.path("system_info.txt"), gather(PERF, self.options.program, self.options.mpirun[0]))
            for i in range(self.options.rounds):
                for protocol in self.options.protocols:
                    for case in self.options.cases:
                        if (protocol, case) not in self.failed:
                            self.benchmark(protocol, case, i)
                    if i == self.options.rounds - 1:
                        self.finish(protocol)
            if self.options.peers:
                self.peers()
        finally:
            if self.options.keep:
                say(f"kept {self.work}")
            else:
                shutil.rmtree(self.work, ignore_errors=True)
        return not self.failed

    def path(self, name):
        return os.path.join(self.out, name)

    def attempt(self, key, name, what, do):
        """do() returns seconds; where it fails, <name>.failed says how."""
        say(f"{what} ...")
        try:
            seconds = do()
        except (Failed, Refused) as failure:
            if isinstance(failure, Refused):
                failure = Failed([], "its result cannot be used", [f"shardlm: {failure}"])
            failure.record(self.path(name + ".failed"))
            self.failed.add(key)
            say(f"{what}: {failure.status}; {self.path(name)}.failed says more")
        else:
            say(f"{what}: {seconds:.1f} s" if seconds else f"{what}: done")

    def benchmark(self, protocol, case, i):
        runs, name = rounds.runs_of_round(self.options.runs, self.options.rounds, i), f"{protocol}-{case}"
        folder = self.out if self.options.rounds == 1 else os.path.join(self.work, "rounds", str(i))
        os.makedirs(folder, exist_ok=True)

        def do():
            result = os.path.join(folder, name + ".json")
            command = self.command(protocol, case, runs, result, os.path.join(folder, name + ".trace.h5"))
            seconds = self.runner.run(command, self.path(name + ".log"))
            if not os.path.exists(result):
                raise Failed(command, "exit status 0, but it wrote no result", [])
            try:
                Benchmark(result)
            except Refused:
                os.replace(result, self.path(name + ".damaged"))
                raise
            return seconds

        self.attempt((protocol, case), name, f"{NAMES[protocol]}, {case}" + (f", round {i + 1} of {self.options.rounds}" if self.options.rounds > 1 else ""), do)

    def command(self, protocol, case, runs, result, trace):
        o = self.options
        made = [] if protocol == "plain" else list(o.mpirun)
        made += [o.program, "bench", "-e", protocol, *self.preparation.options(protocol), *self.prompt()]
        made += ["--tokens", str(o.tokens)] if case == "tokens" else []
        made += ["-m", str(o.new_tokens), "-t", f"{o.temperature:g}", "-r", str(runs), "-w", str(o.warmup), "-o", result, "--raw"]
        made += [] if protocol == "plain" else ["--trace", trace]
        return made + (["--threads", str(o.threads)] if o.threads else []) + o.bench_options

    def prompt(self):
        """The text; on several hosts in a file of the client's, because a launcher would show it to all of them."""
        if self.options.one_machine:
            return ["-p", self.options.prompt]
        path = os.path.join(self.work, "prompt.txt")
        write_whole(path, self.options.prompt)
        return ["--prompt-file", path]

    def finish(self, protocol):
        """After a protocol's last run: rounds become one, accuracy is compared, and what was made for it goes."""
        if self.options.rounds > 1:
            folders = [os.path.join(self.work, "rounds", str(i)) for i in range(self.options.rounds)]
            for case in self.options.cases:
                if (protocol, case) not in self.failed:
                    name = f"{protocol}-{case}"
                    self.attempt((protocol, case), name, f"{NAMES[protocol]}, {case}, all rounds",
                                 lambda: rounds.merge([os.path.join(folder, name + ".json") for folder in folders], self.path(name + ".json")))
                    rounds.keep_of_first(folders, name + ".trace.h5", self.out)
        if self.options.accuracy and protocol != "plain":
            self.accuracy(protocol)
        if not self.options.keep:
            self.preparation.drop(protocol)

    def accuracy(self, protocol):
        def do():
            reference = self.options.reference or (self.preparation.given if os.path.isdir(self.preparation.given) else self.preparation.model)
            command = [*self.options.mpirun, self.options.program, "compare", "--protocol", protocol, *self.preparation.options(protocol), "--reference", reference, "--bfloat16", "--json"]
            return self.runner.run(command + (["--threads", str(self.options.threads)] if self.options.threads else []), self.path(f"compare-{protocol}.log"), self.path(f"compare-{protocol}.json"))

        self.attempt((protocol, "accuracy"), f"compare-{protocol}", f"{NAMES[protocol]}, accuracy", do)

    def peers(self):
        build = os.path.abspath(os.path.join(os.path.dirname(self.options.program), os.pardir, os.pardir))  # where perf_layer is, if this was built with the benchmarks
        ours = build if os.path.exists(os.path.join(build, "perf", "perf_layer")) else "none"
        command = [os.path.join(PERF, "peers", "run"), "--ours", ours, "--out", self.path("peers.json")]
        self.attempt(("peers", ""), "peers", "other projects", lambda: self.runner.run(command, self.path("peers.log")))
