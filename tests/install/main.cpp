// downstream CHECKPOINT FOLDER: converts the checkpoint into FOLDER, asks the plaintext engine a question of it, and has the cost of a
// private request predicted. Ends with 0 where all of it is what is known.
#include <Kokkos_Core.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <shardlm/core/isa.hpp>
#include <shardlm/io/random_model.hpp>
#include <shardlm/protocol/presets.hpp>
#include <shardlm/qwen/decoder.hpp>
#include <shardlm/qwen/plain.hpp>
#include <shardlm/text/tokenizer.hpp>

namespace {

using namespace shardlm;

std::string answer(const qwen::PlainModel& model, const std::string& question) {
  const text::Tokenizer tokenizer(model.tokenizer_json());
  qwen::PlainSession session(model);
  std::vector<text::Token> next = text::chat_prompt(tokenizer, {{"user", question}}, text::default_system(model.chat_template())), said;
  const auto& ends = model.config().end_tokens;
  while (said.size() < 40) {
    const std::vector<float> logits = session.forward(next);
    const auto token = text::Token(std::max_element(logits.begin(), logits.end()) - logits.begin());
    if (std::find(ends.begin(), ends.end(), token) != ends.end()) break;
    said.push_back(token);
    next = {token};
  }
  return tokenizer.decode(said);
}

// Says what came, and where that is something else, what should have come.
template <class T>
bool check(const char* what, const T& got, const T& known) {
  std::cout << what << ": " << got;
  if (got != known) std::cout << ", and not " << known;
  std::cout << std::endl;
  return got == known;
}

int run(const std::string& checkpoint, const std::string& folder) {
  std::cout << "kernels for " << name(isa()) << std::endl;
  io::convert(checkpoint, folder + "/model.h5", {});
  const std::string said = answer(qwen::PlainModel(folder + "/model.h5"), "What is the capital of France?");
  bool right = check("the answer", said, std::string("The capital of France is Paris."));
  const qwen::Model shape(io::qwen_size("0.5b"));
  const mpc::Costs costs = qwen::predict(shape, 19, 0, 0, protocol::preset("v3").engine);
  right = check("rounds of a prompt of 19 tokens at 0.5B", std::uint64_t(costs.rounds), std::uint64_t{654}) && right;
  return right ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Kokkos::ScopeGuard kokkos(argc, argv);
    if (argc != 3) throw shardlm::Error("give the checkpoint's folder and a folder to write into");
    return run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "downstream: %s\n", error.what());
    return 1;
  }
}
