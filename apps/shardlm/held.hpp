// What a rank holds of the model, by its role and by the protocol.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

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

// What a client gets that has no model, or not the table that this embedding asks for.
io::ModelPart received_part(protocol::Embedding embedding);

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
  const io::ModelFile& file() const { return file_ ? *file_ : received_.begin()->second; }  // the client's, and the dealer's; of public weights a server's too
  const io::ModelFile& file(protocol::Embedding embedding) const;                             // the client's, for requests with that embedding
  qwen::Model model() const;                            // a server's or the dealer's; this outlives it

  // A file that the client is to get, at the rank that has it, by the embedding that it is for; and its digest.
  struct Offered {
    std::string path, digest;
  };
  const Offered& to_send(protocol::Embedding embedding) const { return to_send_.at(embedding); }
  const std::optional<io::KeyFile>& key() const { return key_; }  // of the sealed table, at its holder
  // Which rank has it, if the client gets one.
  static std::optional<net::Role> offers(const protocol::Choices& choices);
  // A client's: opens what it got.
  void open_received(protocol::Embedding embedding, const std::string& path);

 private:
  void open_share(const JobOptions& options, const Unsealed& files);
  Offered open_table(const JobOptions& options, const Unsealed& files);
  Offered texts() const;

  net::Role role_;
  std::vector<protocol::Choices> offered_;
  std::string path_;
  std::map<protocol::Embedding, Offered> to_send_;
  std::map<protocol::Embedding, io::ModelFile> received_;
  std::optional<io::ModelFile> file_;
  std::optional<io::ServerShare> share_;
  std::optional<io::KeyFile> key_;
};

}  // namespace shardlm::app
