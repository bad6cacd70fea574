// The protocol's numbers, each with its reason. A real a at scale f is round(a 2^f) in Z_{2^64} or a smaller ring.
//
// A value outside its bound wraps and ruins the answer without a sign, which is why an import measures how far a model
// stays inside.
#pragma once

namespace shardlm {

constexpr int kScale = 12;             // F: the norm's output, gate, up, scores
constexpr int kActivationScale = 15;   // FA: q, k, v, and the two inputs of the residual (attention output, MLP product)
constexpr int kWeightScale = 15;       // FW: weights as int16
constexpr int kWideWeightScale = 23;   // FQ: weights of q, k, v as two int16 planes; at 15 bits their rounding led all errors
constexpr int kResidualScale = kActivationScale + kWeightScale;  // FX: residual stream and embeddings, elements below 2^32
constexpr int kSquareScale = 14;       // FS: x in the norm's sum of squares; rows of norm below 2^17
constexpr int kSiluScale = 18;         // SiLU's value; |silu(gate) up| < 2^(35 - 18) = 131072
constexpr int kRopeScale = 13;         // sines and cosines
constexpr int kSumScale = 14;          // softmax denominators, in [1/2, 2^17)
constexpr int kCellDrop = 8;           // a table's cell is 2^(8 - F) = 1/16 wide
constexpr int kSiluBits = 12;          // 2^12 cells of 1/16: |gate| < 128. A model may ask for more
constexpr int kExpLow = -256;          // exp's window in cells: below exp(-16) = 1e-7 it is 0,
constexpr int kExpHigh = 4;            // above 0 lies only what rounding made the maximum lose
constexpr int kExpScale = kScale + 8;  // exp's value
constexpr int kBinadeBits = 12;        // by binade: an argument in [1, 4) has 3 * 2^12 constant cells
constexpr int kNormFirstExp = 14;      // the sum of squares at scale 2 FS lies in [2^14, 2^62): rows of norm up to 2^17
constexpr int kNormLastExp = 60;
constexpr int kContextBits = 17;       // contexts to 131072: a softmax denominator stays below 2^17
constexpr int kMaxFractionBits = 4;    // the row maximum compares values cut to 4 fractional bits

// What a key that is padding adds to every score. exp is 0 from 16 below a row's maximum on, so padding weighs nothing where the scores of a row
// differ by less than 2^17 - 18: sure where all are below 2^16 - 16 in size (Qwen2.5-0.5B reaches 1217). And scores stay in their rings, which
// hold 2^19: a row of nothing but padding down to -3 2^17 - 2^17, and two scores of a row less than 2^20 apart, where sizes are below 3 2^17.
constexpr int kPaddingBias = -(1 << 17);

}  // namespace shardlm
