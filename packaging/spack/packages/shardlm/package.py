# Spack's recipe, in a repository of its own that travels with the sources:
#
#   spack repo add packaging/spack
#   spack install shardlm                   # what is committed in the clone that this file lies in
#   spack dev-build shardlm@main            # the working tree in the current folder
import os

from spack.package import *

try:  # Spack 1.0 and later
    from spack_repo.builtin.build_systems.cmake import CMakePackage
except ImportError:  # before, spack.package had it
    pass

_CUDA_ARCHITECTURES = ("75", "80", "86", "90")


class Shardlm(CMakePackage):
    """Private inference of Qwen2.5 language models on four MPI ranks, of which only the client sees the prompt and the answer."""

    git = "file://" + os.path.realpath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 4))

    version("main", branch="main")

    variant("openmp", default=True, description="Run on the CPU with OpenMP threads")
    variant("cuda", default=False, description="Run on an NVIDIA GPU")
    variant("cuda_arch", default="90", values=_CUDA_ARCHITECTURES, multi=False, when="+cuda", description="Compute capability of the GPU")
    variant("tests", default=False, description="Build the tests, and run them with spack install --test=root")
    variant("perf", default=False, description="Build the benchmarks")
    variant("chacha_rounds", default="12", values=("8", "12", "20"), multi=False,
            description="Rounds of the pseudorandom generator: the same at all four ranks")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")

    depends_on("mpi")
    depends_on("kokkos@3.4:5")
    depends_on("kokkos+openmp~cuda", when="+openmp~cuda")
    depends_on("kokkos~openmp~cuda+serial", when="~openmp~cuda")
    # gcc compiles with Kokkos' nvcc_wrapper; lambdas in kernels are an option of Kokkos before 5.
    depends_on("kokkos+cuda+wrapper", when="+cuda")
    depends_on("kokkos+openmp", when="+cuda+openmp")
    depends_on("kokkos+cuda_lambda", when="+cuda ^kokkos@:4")
    for _arch in _CUDA_ARCHITECTURES:
        depends_on(f"kokkos cuda_arch={_arch}", when=f"+cuda cuda_arch={_arch}")
    depends_on("kokkos-kernels@3.4:5")
    depends_on("hdf5~mpi")
    depends_on("cryptopp@8:")
    depends_on("libsodium")
    depends_on("nlohmann-json@3:")
    depends_on("pcre2")
    depends_on("icu4c")
    depends_on("cpp-httplib@0.11:0")
    depends_on("prometheus-cpp@1:")
    depends_on("cli11@2.1:", type="build")
    depends_on("googletest", when="+tests")
    depends_on("python@3:", type=("build", "test"), when="+tests")
    depends_on("py-h5py", type=("build", "test"), when="+tests")
    depends_on("benchmark", when="+perf")

    requires("target=x86_64:", msg="ShardLM's kernels are for x86-64")

    generator("ninja")

    def cmake_args(self):
        backend = "cuda" if "+cuda" in self.spec else "openmp" if "+openmp" in self.spec else "serial"
        args = [
            self.define("SHARDLM_BACKEND", backend),
            self.define("Kokkos_ROOT", self.spec["kokkos"].prefix),
            self.define("KokkosKernels_ROOT", self.spec["kokkos-kernels"].prefix),
            self.define_from_variant("SHARDLM_CHACHA_ROUNDS", "chacha_rounds"),
            self.define("SHARDLM_IPSEC_MB", False),  # Spack has no recipe of Intel's library; Crypto++ does the same, slower
            self.define_from_variant("SHARDLM_TESTS", "tests"),
            self.define_from_variant("SHARDLM_PERF", "perf"),
        ]
        if "+cuda" in self.spec:
            args.append(self.define_from_variant("SHARDLM_CUDA_ARCH", "cuda_arch"))
        return args

    def check(self):
        """What ci/test runs: everything but the slow tests."""
        if "+tests" in self.spec:
            with working_dir(self.build_directory):
                ctest("-LE", "slow", "--output-on-failure")
