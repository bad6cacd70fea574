// A real Qwen2.5 checkpoint through the plaintext engine, against transformers' logits in float32 (tests/vectors/make_real_logits.py).
#include "shardlm/qwen/plain.hpp"

#include <cryptopp/files.h>
#include <cryptopp/filters.h>
#include <cryptopp/hex.h>
#include <cryptopp/sha.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>

namespace shardlm::qwen {
namespace {

std::string sha256_of(const std::string& path) {
  std::string hex;
  CryptoPP::SHA256 hash;
  CryptoPP::FileSource(path.c_str(), true,
                       new CryptoPP::HashFilter(hash, new CryptoPP::HexEncoder(new CryptoPP::StringSink(hex), false)));
  return hex;
}

TEST(Real, gives_the_logits_of_transformers_at_every_position) {
  const char* folder = std::getenv("SHARDLM_REAL_MODEL");
  if (folder == nullptr) GTEST_SKIP() << "SHARDLM_REAL_MODEL names no folder with a Qwen2.5 checkpoint.";
  std::ifstream file(std::string(SHARDLM_VECTORS) + "/real_logits.json");
  const nlohmann::json known = nlohmann::json::parse(file);
  if (sha256_of(std::string(folder) + "/model.safetensors") != known["sha256"])
    GTEST_SKIP() << "SHARDLM_REAL_MODEL is another checkpoint than the one whose logits are stored.";
  const std::size_t step = known["step"];
  const PlainModel model(folder);
  ASSERT_EQ(known["prompts"].size(), 4u);
  for (const nlohmann::json& p : known["prompts"]) {
    const std::vector<std::int32_t> tokens = p["tokens"];
    PlainSession session(model);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const std::vector<float> got = session.forward({tokens[i]}), want = p["logits"][i];
      EXPECT_EQ(std::max_element(got.begin(), got.end()) - got.begin(), p["top"][i].get<long>());
      double worst = 0;
      for (std::size_t j = 0; j < want.size(); ++j) worst = std::max(worst, double(std::abs(got[j * step] - want[j])));
      EXPECT_LT(worst, 1e-4 * p["spread"][i].get<double>()) << "token " << i << " of a prompt of " << tokens.size();
    }
    const std::vector<float> at_once = PlainSession(model).forward(tokens), want = p["logits"].back();
    double worst = 0;
    for (std::size_t j = 0; j < want.size(); ++j) worst = std::max(worst, double(std::abs(at_once[j * step] - want[j])));
    std::printf("%zu tokens: largest difference %.2e of the spread\n", tokens.size(), worst / p["spread"].back().get<double>());
    EXPECT_LT(worst, 1e-4 * p["spread"].back().get<double>());
  }
}

}  // namespace
}  // namespace shardlm::qwen
