// Addresses and events, as shardlm client reads them.
#include <gtest/gtest.h>

#include "gateway_client/address.hpp"
#include "gateway_client/event_stream.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::app::remote {
namespace {

TEST(ClientAddress, has_host_and_port) {
  struct Case {
    std::string url, host;
    int port;
    bool encrypted, here;
  };
  for (const Case& c : {Case{"http://localhost:9090", "localhost", 9090, false, true}, {"http://127.0.0.1:80/", "127.0.0.1", 80, false, true},
                        {"https://gateway.example", "gateway.example", 443, true, false}, {"http://[::1]:9090", "::1", 9090, false, true},
                        {"http://[2001:db8::a]", "2001:db8::a", 80, false, false}, {"http://127.example:1", "127.example", 1, false, false}}) {
    const Address a = parse_address(c.url);
    EXPECT_EQ(a.host, c.host) << c.url;
    EXPECT_EQ(a.port, c.port) << c.url;
    EXPECT_EQ(a.encrypted, c.encrypted) << c.url;
    EXPECT_EQ(a.is_this_machine(), c.here) << c.url;
  }
}

TEST(ClientAddress, refuses_what_is_none) {
  for (const char* url : {"", "localhost:9090", "ftp://localhost", "http://", "http://:9090", "http://localhost:", "http://localhost:0", "http://localhost:65536",
                          "http://localhost:9o", "http://localhost/v1", "http://me@localhost", "http://[::1", "http://[::1]9090", "http://a b", "http://a\r\nX: y"})
    EXPECT_THROW(parse_address(url), Error) << url;
}

std::vector<std::string> events(const std::string& text, std::size_t piece) {
  std::vector<std::string> all;
  EventStream stream([&all](const std::string& data) { all.push_back(data); });
  for (std::size_t i = 0; i < text.size(); i += piece) stream.push(text.data() + i, std::min(piece, text.size() - i));
  return all;
}

TEST(EventStream, is_the_same_however_it_is_cut) {
  const std::vector<std::string> expected{"one", "two\nthree", "", "[DONE]"};
  for (const char* end : {"\n", "\r\n", "\r"}) {
    std::string text;
    for (const char* line : {": waiting", "", "data: one", "", "event: x", "data:two", "data: three", "", "data", "", "data:", "", "data: [DONE]", ""})
      text += std::string(line) + end;
    for (std::size_t piece = 1; piece <= text.size(); ++piece) EXPECT_EQ(events(text, piece), expected) << piece;
  }
}

TEST(EventStream, tells_of_an_event_only_when_it_is_whole) { EXPECT_TRUE(events("data: one\n", 1).empty()); }

TEST(EventStream, refuses_an_event_without_end) {
  const std::string part(1 << 20, 'x');
  EventStream stream([](const std::string&) {});
  EXPECT_THROW(
      for (int i = 0; i < 8; ++i) stream.push(part.data(), part.size()), Error);
}

}  // namespace
}  // namespace shardlm::app::remote
