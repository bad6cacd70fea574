#include "shardlm/core/isa.hpp"

#include "shardlm/core/error.hpp"

#include <cstdlib>
#include <string>

namespace shardlm {
namespace {

#if defined(__x86_64__)
Isa best() {
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vpopcntdq");
  return avx512 ? Isa::avx512 : avx2 ? Isa::avx2 : Isa::baseline;
}
#else
Isa best() { return Isa::baseline; }
#endif

Isa choose() {
  const char* wish = std::getenv("SHARDLM_ISA");
  if (!wish || !*wish) return best();
  for (Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512})
    if (std::string(wish) == name(isa)) {
      if (isa > best()) throw Error(std::string("SHARDLM_ISA asks for ") + wish + ", which this machine does not have; its best is " + name(best()));
      return isa;
    }
  throw Error(std::string("SHARDLM_ISA is '") + wish + "'; it must be baseline, avx2 or avx512");
}

}  // namespace

Isa isa() {
  static const Isa chosen = choose();
  return chosen;
}

const char* name(Isa isa) { return isa == Isa::avx512 ? "avx512" : isa == Isa::avx2 ? "avx2" : "baseline"; }

}  // namespace shardlm
