#include "serve.hpp"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "alike.hpp"
#include "choices.hpp"
#include "gateway/authorization.hpp"
#include "gateway/engine.hpp"
#include "gateway/http_server.hpp"
#include "gateway/metrics.hpp"
#include "interrupt.hpp"
#include "job.hpp"
#include "ranks_backend.hpp"
#include "shardlm/core/error.hpp"
#include "shardlm/net/run.hpp"

namespace shardlm::app {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kQuestion = 64;      // tokens for which memory is wanted at the start; each request is looked at again
constexpr double kCollection = 0.4;        // seconds in which those who ask hear that a rank is gone, of the one that the launcher leaves

// "model.h5" -> "model".
std::string name_of(const GatewayOptions& o) {
  if (!o.name.empty()) return o.name;
  std::filesystem::path path = std::filesystem::path(o.model).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.stem().string();
}

std::size_t context_of(const GatewayOptions& o, const io::ModelConfig& config) {
  return std::min({o.context, config.max_positions, std::size_t{1} << kContextBits});
}

void check(const GatewayOptions& o, const io::ModelConfig& config) {
  const std::size_t context = context_of(o, config);
  check_padding(o, 0, context, "prompt and answer have the " + std::to_string(context) + " tokens of --context and the model together");
  for (const PoolSize& size : o.pool)
    if (size.positions + o.pool_tokens > context)
      throw Error("--pool has requests of " + std::to_string(size.positions) + " tokens, with --pool-tokens " + std::to_string(o.pool_tokens) +
                  " of an answer more than the " + std::to_string(context) + " of --context and the model: give less there");
}

GatewaySettings settings(const GatewayOptions& o, const io::ModelConfig& config, const std::string& chat_template) {
  GatewaySettings s;
  s.host = o.host;
  s.port = o.port;
  if (!o.api_key_file.empty()) s.key = read_api_key(o.api_key_file);
  s.queue = o.queue;
  s.max_body = o.max_body;
  s.deadline = o.deadline;
  s.name = name_of(o);
  s.version = SHARDLM_VERSION;
  s.layers = config.layers;
  s.hidden = config.hidden;
  s.vocabulary = config.vocabulary;
  s.context = context_of(o, config);
  s.max_tokens = o.max_tokens;
  s.protocols = o.protocols;
  s.pad_to = o.pad_to;
  s.positions = [&o](const std::string& protocol, std::size_t tokens) { return positions_taken(o, protocol, tokens); };
  s.default_system = text::default_system(chat_template);
  return s;
}

// Ends the gateway when somebody asks for that, and tells those who wait when the launcher ends the job. A thread that never talks to another rank.
class EndWatch {
 public:
  EndWatch(Engine& engine, Gateway& gateway, double grace)
      : engine_(engine), gateway_(gateway), grace_(std::chrono::milliseconds(std::llround(grace * 1000))), thread_([this] { watch(); }) {}
  ~EndWatch() {
    over_ = true;
    thread_.join();
    net::release_end_signals();
    if (signals_.ended) net::end_of_job();
  }

 private:
  void watch() {
    interrupts_are_awaited();
    for (bool asked = false; !over_; std::this_thread::sleep_for(10ms)) {
      if (signals_.ended) {
        engine_.fail("another rank of this job was killed or failed, or the job was stopped");
        gateway_.stop(kCollection);
        net::end_of_job();
      }
      const bool interrupted = take_interrupt();
      if (!signals_.asked.exchange(false) && !interrupted) continue;
      std::fprintf(stderr, asked ? "shardlm: ending now\n" : "shardlm: ending once what was asked for is answered, in %.0f s at most; ask again to end at once\n",
                   std::chrono::duration<double>(grace_).count());
      engine_.stop(!asked, asked ? 0ms : grace_);
      if (asked) gateway_.stop(0);
      asked = true;
    }
  }

  Engine& engine_;
  Gateway& gateway_;
  const std::chrono::milliseconds grace_;
  net::EndSignals& signals_ = net::take_end_signals();
  std::atomic<bool> over_{false};
  std::thread thread_;
};

// All that the client's rank has beside the other ranks.
class Served {
 public:
  explicit Served(const GatewayOptions& options) : o_(options) {}

  Extent prepare(const io::ModelFile& model) {
    const io::ModelConfig& config = model.config();
    check(o_, config);
    const auto tokenizer = std::make_shared<const text::Tokenizer>(model.tokenizer_json());
    engine_.emplace(tokenizer, config.end_tokens, Engine::Limits{o_.queue});
    engine_->on_finished([this](const Job& job, const Outcome& outcome) { metrics_.observe(job, outcome); });
    GatewaySettings s = settings(o_, config, model.chat_template());
    s.metrics = [this] { return metrics_.text(engine_->state()); };
    s.on_request = [this](const Access& access) { metrics_.observe_http(access.path, access.status); };
    gateway_.emplace(std::move(s), tokenizer, *engine_);
    gateway_->start();
    std::fprintf(stderr, "shardlm: listening on %s\n", gateway_->url().c_str());
    std::size_t prompt = std::max({kQuestion, o_.pad_to, o_.pool.empty() ? 0 : o_.pool.back().positions});
    prompt = std::min(prompt, context_of(o_, config));
    return {prompt, std::min(prompt + o_.max_tokens, context_of(o_, config)), pool_bytes(config, o_)};
  }

  void run(net::World& world, std::vector<std::unique_ptr<protocol::Client>>& clients, const io::ModelFile& model, std::uint64_t available) {
    RanksBackend backend(world, clients, model.config(), o_, available);
    const EndWatch watch(*engine_, *gateway_, o_.grace);
    engine_->run(backend);
    gateway_->stop();
  }

 private:
  const GatewayOptions& o_;
  Metrics metrics_{o_.protocols};
  std::optional<Engine> engine_;
  std::optional<Gateway> gateway_;
};

// What the dealer makes ahead is of use only where the client asks for it.
std::string pool_of(const GatewayOptions& o) {
  std::string text;
  for (const PoolSize& size : o.pool) text += (text.empty() ? "" : ",") + std::to_string(size.positions) + ":" + std::to_string(size.requests);
  return text.empty() ? "none" : text + " with " + std::to_string(o.pool_tokens) + " tokens";
}

}  // namespace

void prepare_to_serve(const Launch& launch) {
  if (launch.rank != 0) interrupts_are_awaited();
  interrupt_on(SIGUSR1);
}

int serve(const GatewayOptions& given, const std::string& trouble) {
  GatewayOptions o = given;
  if (!o.protocols.empty()) o.protocol = o.protocols[0];
  o.also.assign(o.protocols.begin() + (o.protocols.empty() ? 0 : 1), o.protocols.end());
  Served served(o);
  std::uint64_t available = 0;
  ClientPart part;
  part.prepare = [&served](const io::ModelFile& model) { return served.prepare(model); };
  part.memory = [&available](std::uint64_t bytes) { available = bytes; };
  part.before = [&o](net::World& world) {
    require_alike(world, pool_of(o), [](const std::vector<std::string>&, int rank) {
      return std::string("--pool or --pool-tokens at ") + net::name(net::Role(rank)) + " differs from the client's: give every rank the same";
    });
  };
  part.run_each = [&](net::World& world, std::vector<std::unique_ptr<protocol::Client>>& clients, const io::ModelFile& model) {
    served.run(world, clients, model, available);
  };
  return on_four_ranks(o, trouble, part);
}

}  // namespace shardlm::app
