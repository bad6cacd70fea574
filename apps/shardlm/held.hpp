// What a rank holds of the model, by its role and by the protocol.
#pragma once

#include <optional>
#include <string>

#include "choices.hpp"
#include "shardlm/io/model_file.hpp"
#include "shardlm/io/sealed_table.hpp"
#include "shardlm/io/share_set.hpp"
#include "shardlm/net/world.hpp"
#include "shardlm/qwen/model.hpp"
#include "unsealed.hpp"

namespace shardlm::app {

// Where a sealed table and its key lie by default: "model.h5" -> "model.ot".
std::string table_folder(const std::string& model);

// What a client without a model gets.
io::ModelPart received_part(const protocol::Choices& choices);

class Held {
 public:
  // Throws Error for a file that this rank must not use, or that this protocol does not. A client without a model has nothing yet.
  // files: has opened those of its files() that are sealed.
  Held(net::Role role, const JobOptions& options, const Unsealed& files);
  // The files that this rank opens: of the model, and at the holder of a sealed table that and its key; "" for those that it has not.
  static std::vector<std::string> files(net::Role role, const JobOptions& options);

  const std::string& digest() const;  // "" for a client without a model
  // What this rank's weights take in the execution space's memory: nothing where that is the host's, which computes with what it maps.
  std::uint64_t device_bytes() const;
  const io::ModelFile& file() const { return *file_; }  // the client's, and the dealer's; of public weights a server's too
  qwen::Model model() const;                            // a server's or the dealer's; this outlives it

  // The file that a client without a model is to get, at the rank that has it; "" elsewhere. Its digest.
  const std::string& offered() const { return offered_; }
  const std::string& offered_digest() const { return offered_digest_; }
  const std::optional<io::KeyFile>& key() const { return key_; }  // of the sealed table, at its holder
  // Which rank has it, if the client gets one.
  static std::optional<net::Role> offers(const protocol::Choices& choices);
  // A client's: opens what it got.
  void open_received(const std::string& path);

 private:
  void open_share(const JobOptions& options, const Unsealed& files);
  void open_table(const JobOptions& options, const Unsealed& files);
  void make_texts();

  net::Role role_;
  protocol::Choices choices_;
  std::string path_, offered_, offered_digest_;
  std::optional<io::ModelFile> file_;
  std::optional<io::ServerShare> share_;
  std::optional<io::KeyFile> key_;
};

}  // namespace shardlm::app
