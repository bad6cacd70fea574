#include "prompts_file.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

const char* const kSamples =
    R"({"prompt": "The capital of France is", "raw": true})"
    "\n"
    R"({"prompt": "Explain in two sentences why the sky is blue, then give the wavelengths of red and blue light in nanometres."})"
    "\n"
    R"({"prompt": "def quicksort(items):\n    if len(items) <= 1:\n        return items\n    pivot = items[len(items) // 2]\n", "raw": true})"
    "\n"
    R"({"prompt": "Write a C++ function that returns the greatest common divisor of two unsigned integers.", "system": "You answer with code alone."})"
    "\n"
    R"({"prompt": "\u8bf7\u7528\u4e00\u53e5\u8bdd\u4ecb\u7ecd\u5317\u4eac\u7684\u5386\u53f2\u3002"})"
    "\n"
    R"({"prompt": "\u0627\u0643\u062a\u0628 \u062c\u0645\u0644\u0629 \u0639\u0646 \u0627\u0644\u0628\u062d\u0631. Und auf Deutsch: was kostet die Reise nach K\u00f6ln?", "system": ""})"
    "\n"
    R"({"prompt": "{\"id\": 17, \"values\": [1, 1, 2, 3, 5, 8, 13, 21, 34, 55], \"next\": ", "raw": true})"
    "\n"
    R"({"prompt": "aaaaaaaaaaaaaaaa\n\n\n\n        1234567890 1234567890 !!!!!!!!!! <html></html> \ud83d\ude00\ud83d\ude00", "raw": true})"
    "\n";

PromptLine parse_line(const std::string& line, const text::Tokenizer& tokenizer, const std::string& chat_template) {
  if (line[0] != '{') return {line, text::chat_prompt(tokenizer, {{"user", line}}, text::default_system(chat_template))};
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(line);
    for (const auto& [key, value] : json.items())
      if (key != "prompt" && key != "system" && key != "raw" && key != "answer")
        throw Error("the key '" + key + "' is not prompt, system or raw");
    const std::string prompt = json.at("prompt").get<std::string>();
    if (prompt.empty()) throw Error("the prompt is empty");
    if (json.value("raw", false)) return {prompt, tokenizer.encode(prompt, true)};
    if (!json.contains("system")) return {prompt, text::chat_prompt(tokenizer, {{"user", prompt}}, text::default_system(chat_template))};
    const std::string system = json["system"].get<std::string>();
    if (system.empty()) return {prompt, text::chat_prompt(tokenizer, {{"user", prompt}}, "")};
    return {prompt, text::chat_prompt(tokenizer, {{"system", system}, {"user", prompt}})};
  } catch (const nlohmann::json::exception&) {
    throw Error(R"(it begins with '{' and is not {"prompt": TEXT, "system": TEXT, "raw": true or false})");
  }
}

std::vector<PromptLine> parse(std::istream& input, const std::string& name, const text::Tokenizer& tokenizer,
                              const std::string& chat_template) {
  std::vector<PromptLine> prompts;
  std::string line;
  for (int number = 1; std::getline(input, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    try {
      prompts.push_back(parse_line(line, tokenizer, chat_template));
    } catch (const Error& error) {
      throw Error(name + ", line " + std::to_string(number) + ": " + error.what());
    }
  }
  if (input.bad()) throw Error("cannot read " + name);
  if (prompts.empty()) throw Error(name + " has no prompts: write one a line");
  return prompts;
}

}  // namespace

std::vector<PromptLine> read_prompts(const std::string& path, const text::Tokenizer& tokenizer, const std::string& chat_template) {
  std::ifstream file(path);
  if (!file) throw Error("cannot read the prompts from " + path);
  return parse(file, path, tokenizer, chat_template);
}

std::vector<PromptLine> sample_prompts(const text::Tokenizer& tokenizer, const std::string& chat_template) {
  std::istringstream samples(kSamples);
  return parse(samples, "the sample prompts", tokenizer, chat_template);
}

}  // namespace shardlm::app
