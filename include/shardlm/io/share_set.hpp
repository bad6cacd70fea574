// A model whose weights are secret from the servers: one file a rank, which belong together by the share set's random number.
//
//   client.h5    tokenizer, chat template, configuration, embedding table
//   server0.h5   a 128-bit seed: its share W_0 of every matrix is a stream that is generated as it is used
//   server1.h5   W_1 = W - W_0 mod 2^64 of every matrix: uniform words, 8 bytes a weight (core/word_panels.hpp)
//   dealer.h5    W, as a model file has it, and the biases: the dealer's rank is the model's owner
// Norm gains and row exponents are in W. Matrices are numbered in the order of their list: of each layer qkv, o, gate_up, down, then
// the head. No Kokkos here: the stream is given.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "shardlm/io/model_file.hpp"

namespace shardlm::io {

constexpr const char* kShareFiles[] = {"client.h5", "server0.h5", "server1.h5", "dealer.h5"};  // by rank

using ShareNumber = std::array<std::uint32_t, 4>;  // 128 bits

std::string share_set_name(const ShareNumber& set);  // "share set 0123..."

// A panel of a matrix. Its words of W_0 are asked for by several threads.
struct SharePart {
  std::uint32_t matrix;
  std::size_t columns;  // of the matrix
  std::size_t panel;
};
using ShareStream = std::function<void(const SharePart& part, std::uint64_t* words)>;  // a whole panel, [columns][8]

// Writes the four files of a model file into a folder that appears when they are whole, or not at all; only its owner may read
// it. Memory does not grow with the model. set: public; seed: server 0's secret. Throws Error, also where the folder is there.
void write_share_set(const std::string& model, const std::string& folder, const ShareNumber& set, const ShareNumber& seed,
                     const ShareStream& stream, const Progress& progress, const FreeSpace& free_space = {});

// What a server holds of the weights.
class ServerShare {
 public:
  // Throws Error for anything but a whole file of this server (0 or 1).
  ServerShare(const std::string& path, int server);
  ~ServerShare();
  ServerShare(ServerShare&&) noexcept;

  const ModelConfig& config() const;
  const std::string& digest() const;  // "share set 0123...": equal for files that belong together
  const ShareNumber& set() const;
  const ShareNumber& seed() const;                               // server 0's
  const std::uint64_t* words(const std::string& matrix) const;   // server 1's, [rows / 8][columns][8], mapped

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shardlm::io
