// A file that a client without a model is sent once, on real ranks: what it keeps, what goes on where it broke off, what is refused.
#include "session.hpp"
#include "shardlm/io/received_file.hpp"
#include "shardlm/protocol/file_transfer.hpp"

namespace shardlm {
namespace {

using net::Kind;
using net::Lane;
using net::Role;
using test::refusal;
using test::says;
using testing::is;
using testing::world;

// A file that is sent once. The client keeps it under a cache folder of its own.
class Transfer : public ::testing::Test {
 protected:
  Transfer() : cache_(folder_.path()) {
    if (is(Role::server0)) test::write_file(folder_ / "table", content());
  }
  static std::string content() {
    std::string bytes(9'000'001, '\0');  // two parts and some
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = char(i * 2654435761u >> 13);
    return bytes;
  }
  static std::string digest() { return std::string(64, '7'); }
  // Both ends; what the client got.
  protocol::Received send(const std::function<std::string(const std::string&)>& check = {}) {
    if (is(Role::server0)) protocol::offer_file(world(), folder_ / "table", digest());
    if (!is(Role::client)) return {};
    return protocol::receive_file(
        world(), Role::server0,
        [&](const std::string& path, const std::string& d) {
          EXPECT_EQ(d, digest());
          return check ? check(path) : std::string();
        },
        {});
  }
  std::string kept(const std::string& end) const { return folder_ / ("shardlm/tables/" + digest() + end); }
  const test::TemporaryFolder folder_;
  const test::CacheFolder cache_;
};

TEST_F(Transfer, AFileComesOnceAndIsKept) {
  const protocol::Received first = send(), second = send();
  if (!is(Role::client)) return;
  EXPECT_EQ(first.sent, content().size());
  EXPECT_EQ(second.sent, 0u);
  EXPECT_EQ(first.path, kept(".h5"));
  EXPECT_TRUE(test::read_file(first.path) == content());
}

TEST_F(Transfer, OnlyTheRestComesAfterATryThatBrokeOff) {
  if (is(Role::client)) {
    std::filesystem::create_directories(folder_ / "shardlm/tables");
    test::write_file(kept(".part"), content().substr(0, 5'000'000));
  }
  const protocol::Received received = send();
  if (!is(Role::client)) return;
  EXPECT_EQ(received.sent, content().size() - 5'000'000);
  EXPECT_TRUE(test::read_file(received.path) == content());
}

TEST_F(Transfer, WhatCouldNotBeLookedAtIsKeptForTheNextTry) {
  const auto check = [](const std::string&) -> std::string { throw net::PeerFailure("server 1: the disk is full"); };
  if (is(Role::client)) {
    EXPECT_THROW(send(check), net::PeerFailure);
    EXPECT_TRUE(test::read_file(kept(".part")) == content());
  } else {
    send(check);
  }
  const protocol::Received again = send();
  if (is(Role::client)) EXPECT_EQ(again.sent, 0u);
}

TEST_F(Transfer, AClientThatClaimsMoreThanThereIsIsRefused) {
  const std::uint64_t claimed = content().size() + 1;
  if (is(Role::server0))
    EXPECT_TRUE(says(refusal([&] { send(); }), "the client has " + std::to_string(claimed) + " of the " + std::to_string(content().size()) + " bytes of "));
  if (!is(Role::client)) return;
  world().receive_now(Role::server0, Lane::control, Kind::file, 0);
  world().send_now(Role::server0, Lane::control, Kind::file, 0, &claimed, sizeof claimed);
}

TEST_F(Transfer, AnEmptyPartIsRefused) {
  if (is(Role::client)) EXPECT_TRUE(says(refusal([&] { send(); }), "an empty part"));
  if (!is(Role::server0)) return;
  const std::uint64_t bytes = 10;
  const std::string offer = digest() + std::string(reinterpret_cast<const char*>(&bytes), sizeof bytes);
  world().send_now(Role::client, Lane::control, Kind::file, 0, offer.data(), offer.size());
  world().receive_now(Role::client, Lane::control, Kind::file, 0);
  world().send_now(Role::client, Lane::control, Kind::file, 0, nullptr, 0);
}

TEST_F(Transfer, APartThatIsLongerThanTheFileComesAnew) {
  if (is(Role::client)) {
    std::filesystem::create_directories(folder_ / "shardlm/tables");
    test::write_file(kept(".part"), content() + "and more");
  }
  const protocol::Received received = send();
  if (!is(Role::client)) return;
  EXPECT_EQ(received.sent, content().size());
  EXPECT_TRUE(test::read_file(received.path) == content());
}

TEST_F(Transfer, WhatComesDamagedIsNotKept) {
  const auto check = [](const std::string&) { return "it is damaged"; };
  if (is(Role::client))
    EXPECT_TRUE(says(refusal([&] { send(check); }), "is not what was offered"));
  else
    send(check);
  if (!is(Role::client)) return;
  EXPECT_FALSE(std::filesystem::exists(kept(".part")));
  EXPECT_FALSE(std::filesystem::exists(kept(".h5")));
}

}  // namespace
}  // namespace shardlm
