"""What packagers read says what the build does: Spack's recipe, read with a stand-in for Spack, and CITATION.cff."""
import os
import pathlib
import re
import sys
import types
import unittest

SOURCE = pathlib.Path(os.environ["SHARDLM_SOURCE_DIR"])
RECIPE = SOURCE / "packaging/spack/packages/shardlm/package.py"
# Debian's packages that ci/bootstrap installs, and what Spack calls the same.
SPACK_NAMES = {"g++": "cxx", "cmake": "cmake", "ninja-build": "ninja", "pkg-config": "pkgconfig", "python3": "python", "libopenmpi-dev": "mpi",
               "libhdf5-dev": "hdf5", "libcrypto++-dev": "cryptopp", "libsodium-dev": "libsodium", "nlohmann-json3-dev": "nlohmann-json",
               "libcli11-dev": "cli11", "libpcre2-dev": "pcre2", "libicu-dev": "icu4c", "libgtest-dev": "googletest", "libbenchmark-dev": "benchmark",
               "python3-h5py": "py-h5py", "libcpp-httplib-dev": "cpp-httplib", "prometheus-cpp-dev": "prometheus-cpp"}
NOT_NEEDED = {"patch", "openmpi-bin"}  # for building Kokkos; part of libopenmpi-dev's counterpart


class Spec(dict):
    """A concrete spec: variants by name, and dependencies with a prefix."""

    def __contains__(self, text):
        return self.variants[text[1:]] is (text[0] == "+")

    def __getitem__(self, name):
        return types.SimpleNamespace(prefix="/opt/" + name)


class CMakePackage:
    build_directory = "build"

    @staticmethod
    def define(name, value):
        return f"-D{name}={value}"

    def define_from_variant(self, name, variant):
        return self.define(name, self.spec.variants[variant])


def read_recipe():
    """The recipe's class, and the directives in it: [(name, arguments, keywords)]."""
    said = []
    package = types.ModuleType("spack.package")
    package.CMakePackage = CMakePackage
    for directive in ("version", "variant", "depends_on", "requires", "conflicts", "generator"):
        setattr(package, directive, lambda *a, directive=directive, **k: said.append((directive, a, k)))
    package.working_dir = package.ctest = None
    sys.modules["spack"], sys.modules["spack.package"] = types.ModuleType("spack"), package
    space = {"__file__": str(RECIPE), "__name__": "package"}
    exec(compile(RECIPE.read_text(), RECIPE, "exec"), space)
    return space["Shardlm"], said


class Spack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.recipe, cls.said = read_recipe()
        cls.variants = {a[0]: k for directive, a, k in cls.said if directive == "variant"}

    def arguments(self, **variants):
        one = self.recipe()
        one.spec = Spec()
        one.spec.variants = {**{name: k["default"] for name, k in self.variants.items()}, **variants}
        return one.cmake_args()

    def test_the_repository_has_a_name(self):
        self.assertRegex((SOURCE / "packaging/spack/repo.yaml").read_text(), r"(?m)^repo:\n  namespace: shardlm$")

    def test_it_builds_the_sources_that_it_lies_in(self):
        self.assertEqual(self.recipe.git, "file://" + str(SOURCE.resolve()))

    def test_all_dependencies_are_there(self):
        bootstrap = (SOURCE / "ci/bootstrap").read_text()
        packages = set(re.search(r"^PACKAGES=\(([^)]*)\)", bootstrap, re.M)[1].split()) - NOT_NEEDED
        needed = {re.split(r"[@+~ ]", a[0])[0] for directive, a, _ in self.said if directive == "depends_on"}
        self.assertEqual({SPACK_NAMES.get(p, p) for p in packages} - needed, set())
        self.assertLessEqual({"kokkos", "kokkos-kernels"}, needed)

    def test_conditions_name_variants_that_there_are(self):
        for _, arguments, keywords in self.said:
            own = keywords.get("when", "").split("^")[0]
            for name in re.findall(r"[+~]([a-z_]+)|([a-z_]+)=", own):
                self.assertIn(name[0] or name[1], self.variants, arguments)

    def test_cmake_knows_the_options(self):
        scripts = "".join(p.read_text() for p in [SOURCE / "CMakeLists.txt", *(SOURCE / "cmake").glob("*.cmake")])
        for argument in self.arguments(cuda=True):
            name = argument[2:].split("=")[0]
            self.assertTrue(name.endswith("_ROOT") or re.search(rf"(?:option|set)\({name} ", scripts), argument)

    def test_the_backend_follows_the_variants(self):
        for variants, backend in (({}, "openmp"), ({"openmp": False}, "serial"), ({"cuda": True}, "cuda")):
            self.assertIn("-DSHARDLM_BACKEND=" + backend, self.arguments(**variants))
        self.assertIn("-DSHARDLM_CUDA_ARCH=80", self.arguments(cuda=True, cuda_arch="80"))
        self.assertIn("-DSHARDLM_TESTS=False", self.arguments())


class Citation(unittest.TestCase):
    def test_it_is_of_this_version(self):
        version = re.search(r"project\(shardlm VERSION (\S+)", (SOURCE / "CMakeLists.txt").read_text())[1]
        self.assertIn(f"\nversion: {version}\n", (SOURCE / "CITATION.cff").read_text())


if __name__ == "__main__":
    unittest.main()
