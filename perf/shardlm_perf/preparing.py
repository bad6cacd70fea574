"""What protocols need beside the model file: share sets, sealed tables, keys and sealed files, made in a work folder when they are first asked for."""
import os
import shutil

from .refusal import Refused

PREPARED = {"v3-mpc": "shares", "v3-ot": "a sealed table", "v3-cc": "keys and a sealed file"}


class Preparation:
    def __init__(self, program, model, work, runner, replaced=None):
        """`replaced`: {protocol: options} given by the user, with which nothing is made for that protocol."""
        self.program, self.given, self.work, self.runner = program, model, work, runner
        self.replaced, self.made = replaced or {}, {}

    def path(self, *names):
        return os.path.join(self.work, *names)

    def shardlm(self, *arguments):
        self.runner.run([self.program, *arguments], self.path("prepare.log"))

    @property
    def model(self):
        """The model file: as given, or converted from a Hugging Face folder."""
        if not os.path.isdir(self.given):
            return self.given
        return self._once("model", lambda: self._convert(self.path(os.path.basename(os.path.abspath(self.given)) + ".h5")))

    def _convert(self, file):
        self.shardlm("convert", self.given, file)
        return file

    def _once(self, name, make):
        if name not in self.made:
            try:
                self.made[name] = make()
            except BaseException:
                self.drop(name)  # half of it would be in the way of a second attempt
                raise
        return self.made[name]

    def options(self, protocol):
        """The options of shardlm bench or compare under this protocol. Raises Failed where what it needs cannot be made."""
        if protocol in self.replaced:
            return self.replaced[protocol]
        make = {"v3-mpc": self._shares, "v3-ot": self._table, "v3-cc": self._sealed}.get(protocol)
        return self._once(protocol, make) if make else ["--model", self.model]

    def _shares(self):
        self.shardlm("share", self.model, "--out", self.path("v3-mpc"))
        return ["--model", self.path("v3-mpc"), "--one-machine"]

    def _table(self):
        self.shardlm("ot", "make", self.model, "--out", self.path("v3-ot"))
        return ["--model", self.model, "--ot", self.path("v3-ot")]

    def _sealed(self):
        folder = self.path("v3-cc")
        os.makedirs(folder)
        keys, key, file = (os.path.join(folder, name) for name in ("keys", "data.key", "sealed.h5"))
        self.shardlm("keys", "trial", keys)
        self.shardlm("keys", "data", key)
        self.shardlm("seal", self.model, "--out", file, "--key-file", key)
        return ["--model", file, "--key-file", key, "--identity", keys, "--peers", os.path.join(keys, "peers.toml")]

    def drop(self, protocol):
        """What was made for a protocol goes when its last run is done: it may be as large as the model, or four times so."""
        self.made.pop(protocol, None)
        shutil.rmtree(self.path(protocol), ignore_errors=True)


def checked_model(path, program):
    """The model as it was given, if it can be one."""
    if not os.path.exists(path):
        raise Refused(f"there is no model {path}: give a model file (shardlm convert) or a Hugging Face folder")
    if os.path.isdir(path) and not os.path.isfile(os.path.join(path, "config.json")):
        raise Refused(f"{path} is a folder without a config.json, and so no Hugging Face folder")
    if not os.access(program, os.X_OK) or os.path.isdir(program):
        raise Refused(f"there is no program {program}: build it (cmake --build --preset openmp), or name it with --program")
    return path
