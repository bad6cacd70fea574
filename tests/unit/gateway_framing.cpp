// Where a request ends, and that nobody is told otherwise.
#include "gateway_asking.hpp"

namespace shardlm::app {
namespace {

using Requests = Asking;

// The HTTP library reads these otherwise than others do, so that what is a body to one is a second request to the other.
TEST_F(Requests, are_read_alike_by_all_readers) {
  serve();
  const auto hidden = head("GET", "/v2/info", "\r\n");
  const auto size = std::to_string(hidden.size());
  const std::vector<std::string> all_fields{
      "Content-Length : " + size, "X: y\r\n Content-Length: " + size, "Content-Length:\r\n\t" + size, "Content-Length: %3" + size, "Content-Length: " + size + "\nX: y",
      "Content-Length:\r\nX: y", "Content Length: 1", "nonsense", ": x", "X: a\rContent-Length: 1", "Transfer-Encoding:\r\n chunked", "Transfer-Encoding: %63hunked",
      "Host: %6cocalhost", "Origin:", "Origin: \t", "Origin: http://%6cocalhost"};
  for (const auto& fields : all_fields) {
    Wire wire(gateway->port());
    wire.send(head("POST", "/v1/completions", "Content-Type: application/json\r\n" + fields + "\r\n\r\n") + hidden);
    const auto all = wire.read();
    EXPECT_EQ(answer_of(all).error("code"), "malformed_request") << fields;
    EXPECT_EQ(all.find("HTTP/1.1", 1), std::string::npos) << fields << all;
    EXPECT_TRUE(answer_of(all).says("Connection: close")) << fields;
  }
}

TEST_F(Requests, have_chunks_of_a_size_in_digits) {
  serve();
  const auto chunked = head("POST", "/v1/completions", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const auto* body : {"0x2\r\n{}\r\n0\r\n\r\n", "+2\r\n{}\r\n0\r\n\r\n", " 2\r\n{}\r\n0\r\n\r\n", "2 \r\n{}\r\n0\r\n\r\n", "2\n{}\r\n0\r\n\r\n", "2\r\n{}x\r\n0\r\n\r\n",
                           "\r\n", "2\r\n{}\r\n0\r\nX: y\r\n\r\n", "ffffffffffffffff\r\n{}"}) {
    Wire wire(gateway->port());
    wire.send(chunked + body);
    const auto all = wire.read();
    EXPECT_EQ(answer_of(all).error("code"), "malformed_request") << body;
    EXPECT_EQ(all.find("HTTP/1.1", 1), std::string::npos) << body << all;
  }
  Wire sound(gateway->port());
  sound.send(chunked + "1\r\n{\r\n01;name=value\r\n}\r\n000\r\n\r\n" + head("GET", "/ready", "Connection: close\r\n\r\n"));
  const auto both = sound.read();
  EXPECT_EQ(answer_of(both.substr(0, both.find("HTTP/1.1", 1))).error("param"), "model");
  EXPECT_NE(both.find("{\"status\":\"ready\"}"), std::string::npos) << both;
}

}  // namespace
}  // namespace shardlm::app
