// Which instruction set the hand-vectorised CPU kernels use: chosen once, at run time.
#pragma once

namespace shardlm {

enum class Isa { baseline, avx2, avx512 };

// The best of: AVX-512 (F, BW, DQ, VL, VNNI, VPOPCNTDQ, BMI2), AVX2 (with BMI2 and FMA), plain x86-64. The environment variable
// SHARDLM_ISA=baseline|avx2|avx512 asks for a lower one (tests and benchmarks do); one that the machine lacks throws Error.
Isa isa();
const char* name(Isa isa);

}  // namespace shardlm
