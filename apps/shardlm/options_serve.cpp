#include <algorithm>
#include <cctype>

#include "options_parts.hpp"
#include "shardlm/protocol/preset_names.hpp"

namespace shardlm::app {
namespace {

constexpr const char* kServing = "Serving";
constexpr std::size_t kMost = 1 << 24;  // tokens and positions
constexpr std::size_t kMostRequests = 1 << 16, kLongestName = 128;
constexpr std::uint64_t kLeastBody = 1 << 10, kMostBody = std::uint64_t{1} << 30;

// Also what is empty between two commas or behind the last.
std::vector<std::string> parts(const std::string& list) {
  std::vector<std::string> all{""};
  for (const char c : list)
    if (c == ',')
      all.emplace_back();
    else
      all.back() += c;
  return all;
}

template <class T>
bool repeated(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  return std::adjacent_find(values.begin(), values.end()) != values.end();
}

// Why these are no protocols that can be served together, or "".
std::string check_protocols(const std::string& list) {
  const std::vector<std::string>& names = protocol::preset_names();
  const std::vector<std::string> all = parts(list);
  for (const std::string& name : all) {
    if (name == "plain") return "plain is no private protocol";
    if (std::find(names.begin(), names.end(), name) == names.end())
      return "there is no protocol '" + name + "'; there are " + CLI::detail::join(names, ", ") + ", parted by commas where several are wanted";
  }
  if (repeated(all)) return "'" + list + "' names a protocol twice";
  if (all.size() > 1 && std::find(all.begin(), all.end(), "v3-mpc") != all.end())
    return "v3-mpc hides the weights from the servers, and the other protocols give them to these: serve v3-mpc alone";
  return "";
}

// A whole number of 1 or more, or 0 for what is none.
std::size_t number(const std::string& text, std::size_t most) {
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string::npos) return 0;
  const std::size_t value = std::stoul(text);
  return value <= most ? value : 0;
}

// Of "64:2"; positions are 0 where it is no such thing.
PoolSize pool_size(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return {};
  const PoolSize size{number(text.substr(0, colon), kMost), number(text.substr(colon + 1), kMostRequests)};
  return size.requests > 0 ? size : PoolSize();
}

// Why these are no sizes of a pool, or "".
std::string check_pool(const std::string& list) {
  std::size_t before = 0;
  for (const std::string& part : parts(list)) {
    const PoolSize size = pool_size(part);
    if (size.positions == 0) return "'" + part + "' is no size of a pool: give positions:requests, such as 64:2, of 1 or more each";
    if (size.positions == before) return "there are two sizes of " + std::to_string(before) + " positions: give each once";
    if (size.positions < before) return "sizes ascend: give " + part + " before that of " + std::to_string(before) + " positions";
    before = size.positions;
  }
  return "";
}

std::string check_name(const std::string& name) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '_' || c == '-' || c == '/'; };
  if (!name.empty() && name.size() <= kLongestName && std::all_of(name.begin(), name.end(), fits)) return "";
  return "a model's name is made of letters, digits and . _ - / and has at most " + std::to_string(kLongestName) + " of them";
}

bool this_machine_alone(const std::string& host) { return host == "127.0.0.1" || host == "::1" || host == "localhost"; }

// What options say only together.
void check(const GatewayOptions& o) {
  if (!this_machine_alone(o.host) && o.api_key_file.empty())
    throw CLI::ValidationError("--host", "on " + o.host + " other machines may reach the gateway, so give --api-key-file, and put TLS in front of it: the "
                                         "gateway has none, and prompts, answers and the key would travel in the clear");
  if (!o.pool.empty() && o.pool.back().positions > o.context)
    throw CLI::ValidationError("--pool", "the " + std::to_string(o.pool.back().positions) + " positions are more than the " + std::to_string(o.context) +
                                             " tokens of --context");
}

void add_listening(CLI::App& c, GatewayOptions& o) {
  c.add_option("--host", o.host, "Address to listen on; any but 127.0.0.1, ::1 and localhost needs --api-key-file, and TLS in front of it")
      ->check(CLI::Validator([](const std::string& host) { return std::string(host.empty() ? "it is empty" : ""); }, ""))
      ->capture_default_str()
      ->group(kServing)
      ->type_name("ADDRESS");
  c.add_option("--port", o.port, "Port to listen on; 0: any that is free, which is printed")
      ->check(within(0, 65535))
      ->capture_default_str()
      ->group(kServing)
      ->type_name("N");
  c.add_option("--api-key-file", o.api_key_file, "File with a key in its first line, which every request has to bring as Authorization: Bearer KEY")
      ->group(kServing)
      ->type_name("FILE");
  c.add_option("--name", o.name, "Of the model, as /v1/models tells it (default: the model file's)")->check(check_name)->group(kServing)->type_name("TEXT");
}

void add_limits(CLI::App& c, GatewayOptions& o) {
  c.add_option("--queue", o.queue, "Requests that may wait; more are told to come again")
      ->check(within(std::size_t{0}, kMostRequests))
      ->capture_default_str()
      ->group(kServing)
      ->type_name("N");
  c.add_option("-m,--max-tokens", o.max_tokens, "Most tokens of an answer; also where a request does not say how many")
      ->check(within(std::size_t{1}, kMost))
      ->capture_default_str()
      ->group(kServing)
      ->type_name("N");
  c.add_option("--context", o.context, "Most tokens of prompt and answer together, within what the model has")
      ->check(within(std::size_t{1}, kMost))
      ->capture_default_str()
      ->group(kServing)
      ->type_name("N");
  c.add_option("--max-body", o.max_body, "Most bytes of a request, such as 256K or 4M")
      ->transform(CLI::AsSizeValue(false).description(""))
      ->check(within(kLeastBody, kMostBody))
      ->default_str("1M")
      ->group(kServing)
      ->type_name("BYTES");
  c.add_option("--deadline", o.deadline, "Seconds after which a request is given up, waiting included")
      ->check(within(0.1, 86400.0))
      ->capture_default_str()
      ->group(kServing)
      ->type_name("SECONDS");
  c.add_option("--grace", o.grace, "Seconds in which a gateway that is told to end (SIGTERM) still answers what it has; then it cancels the rest")
      ->check(within(0.0, 86400.0))
      ->capture_default_str()
      ->group(kServing)
      ->type_name("SECONDS");
}

void add_pool(CLI::App& c, GatewayOptions& o) {
  CLI::Option* pool =
      c.add_option_function<std::string>(
           "--pool",
           [&o](const std::string& list) {
             o.pool.clear();
             for (const std::string& part : parts(list)) o.pool.push_back(pool_size(part));
           },
           "Requests that the dealer has ready before they come, as positions:requests: 64:2,256:1 is two for prompts of up to 64 tokens and one "
           "for up to 256. A prompt takes all positions of its size, so that it is padded already, and nobody learns more of its length")
          ->check(CLI::Validator(check_pool, ""))
          ->group(kPrivacy)
          ->type_name("SIZES");
  pool->excludes(c.get_option("--pad-to"));
  c.add_option("--pool-tokens", o.pool_tokens, "Tokens of the answer that are ready with each request of --pool")
      ->check(within(std::size_t{1}, kMost))
      ->needs(pool)
      ->capture_default_str()
      ->group(kPrivacy)
      ->type_name("N");
}

}  // namespace

void add_serve(CLI::App& app, GatewayOptions& o) {
  CLI::App* c = app.add_subcommand("serve", "Answer over HTTP: the OpenAI API, a chat page, /metrics");
  explain(*c,
          "Rank 0, the client, listens; text goes in there and leaves it only as shares. It belongs on the user's own machine: whoever posts a "
          "prompt to somebody else's gateway gives it away. http://127.0.0.1:9090/ is a chat page, and http://127.0.0.1:9090/v1 the base URL for "
          "programs that speak the OpenAI API. Starts four ranks on this machine; started by mpirun -n 4 it uses those. Ctrl-C or SIGTERM ends it after "
          "what it has begun, a second one at once; where mpirun was started by hand, send rank 0 a SIGTERM, or mpirun a SIGUSR1.",
          {"shardlm serve --model model.h5",
           "mpirun --bind-to none --hostfile hosts -n 4 shardlm serve --model /srv/model.h5 --protocol v3,v3-ot --pool 64:2,256:1"});
  c->add_option("--model", o.model, "Model file (shardlm convert)")->required()->type_name("FILE");
  c->add_option_function<std::string>(
       "--protocol",
       [&o](const std::string& list) {
         o.protocols = parts(list);
         o.protocol = o.protocols.front();
       },
       "One private protocol, or several parted by commas, of which the first answers where a request names none; shardlm generate --help says what "
       "each is. v3-mpc is served alone")
      ->check(CLI::Validator(check_protocols, ""))
      ->default_str("v3")
      ->group(kPrivacy)
      ->type_name("{" + CLI::detail::join(protocol::preset_names(), ",") + "}");
  add_listening(*c, o);
  add_limits(*c, o);
  add_job(*c, o);
  add_pool(*c, o);
  c->final_callback([&o] { check(o); });
}

}  // namespace shardlm::app
