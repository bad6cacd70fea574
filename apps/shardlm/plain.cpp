#include "shardlm/qwen/plain.hpp"

#include <Kokkos_Core.hpp>

#include "answer_file.hpp"
#include "choices.hpp"
#include "clock.hpp"
#include "conversation.hpp"
#include "generate.hpp"
#include "timing.hpp"

namespace shardlm::app {

int generate_plain(const GenerateOptions& o) {
  refuse_private_options(o);
  const Clock since_start;
  int argc = 0;
  const Kokkos::ScopeGuard kokkos(argc, nullptr);
  const qwen::PlainModel model(o.model, o.precision == "bfloat16" ? qwen::Precision::bfloat16 : qwen::Precision::float32);
  Conversation conversation(o, model.config(), model.tokenizer_json(), model.chat_template());
  if (!o.out.empty()) check_writable(o.out);
  Measured measured;
  measured.start_up = since_start.seconds();
  qwen::PlainSession session(model);
  measured.answer = conversation.answer([&session](const std::vector<text::Token>& tokens) { return session.forward(tokens); });
  if (!o.out.empty()) write_file(o.out, measured.answer.text + "\n");
  report(measured, model.config(), o);
  return 0;
}

}  // namespace shardlm::app
