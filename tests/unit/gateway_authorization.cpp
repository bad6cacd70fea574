// Who may ask, and which page of a browser may not.
#include "gateway/authorization.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gateway/page.hpp"
#include "gateway/routes.hpp"
#include "shardlm/core/error.hpp"

namespace shardlm::app {
namespace {

class ApiKeyFile : public testing::Test {
 public:
  ApiKeyFile() {
    char name[] = "/tmp/shardlm-test-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~ApiKeyFile() override { std::filesystem::remove_all(folder); }
  std::string file(const std::string& content, ::mode_t mode = 0600) const {
    std::ofstream(folder + "/key") << content;
    ::chmod((folder + "/key").c_str(), mode);
    return folder + "/key";
  }
  static std::string trouble(const std::string& path) {
    try {
      return "taken: " + read_api_key(path);
    } catch (const Error& error) {
      return error.what();
    }
  }
  std::string folder;
};

TEST_F(ApiKeyFile, holds_one_line) {
  EXPECT_EQ(read_api_key(file("0123456789abcdef\n")), "0123456789abcdef");
  EXPECT_EQ(read_api_key(file("aZ09-._~+/0123456==\n")), "aZ09-._~+/0123456==");
}

TEST_F(ApiKeyFile, is_refused_where_others_can_read_it) {
  EXPECT_NE(trouble(file("0123456789abcdef\n", 0640)).find("can be read by others than its owner"), std::string::npos);
}

TEST_F(ApiKeyFile, is_refused_where_its_key_could_be_guessed) {
  EXPECT_NE(trouble(file("0123456789abcde\n")).find("has 15 characters; it needs at least 16"), std::string::npos);
  EXPECT_NE(trouble(file("")).find("has 0 characters"), std::string::npos);
}

TEST_F(ApiKeyFile, is_refused_where_it_is_not_one_line_that_a_field_can_carry) {
  for (const auto* content : {"0123456789abcdef\n0123456789abcdef\n", "0123456789 abcdef\n", "0123456789abcdef\xc3\xa9\n", "0123456789%41bcdef\n", "0123456789abcdef\"\n"})
    EXPECT_NE(trouble(file(content)).find("must hold one line of letters, digits and - . _ ~ + / = alone"), std::string::npos) << content;
  EXPECT_NE(trouble(file(std::string(10000, 'a'))).find("must hold one line"), std::string::npos);
}

TEST_F(ApiKeyFile, is_a_file) {
  EXPECT_NE(trouble(folder).find("is no regular file"), std::string::npos);
  EXPECT_NE(trouble(folder + "/none").find("cannot be read: No such file"), std::string::npos);
}

TEST(ApiKey, is_a_bearer_token) {
  EXPECT_TRUE(has_key("Bearer 0123456789abcdef", "0123456789abcdef"));
  EXPECT_TRUE(has_key("bearer 0123456789abcdef", "0123456789abcdef"));
  for (const auto* sent : {"", " ", "Bearer", "Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdefg", "Basic 0123456789abcdef", "0123456789abcdef"})
    EXPECT_FALSE(has_key(sent, "0123456789abcdef")) << sent;
}

TEST(Host, is_this_machine_under_its_own_names) {
  for (const auto* host : {"localhost", "LOCALHOST:9090", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:9090"}) EXPECT_TRUE(names_this_machine(host, "127.0.0.1")) << host;
  for (const auto* host : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "localhost:x", ":9090", "[::1", "127.0.0.2"})
    EXPECT_FALSE(names_this_machine(host, "127.0.0.1")) << host;
  EXPECT_TRUE(names_this_machine("127.0.0.2:9090", "127.0.0.2"));
}

TEST(Host, belongs_to_this_machine_alone) {
  for (const auto* host : {"localhost", "127.0.0.1", "127.1.2.3", "::1"}) EXPECT_TRUE(is_loopback(host)) << host;
  for (const auto* host : {"0.0.0.0", "::", "192.168.0.1", "example.org", ""}) EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(Origin, is_that_of_the_host) {
  EXPECT_TRUE(same_origin("http://localhost:9090", "localhost:9090"));
  EXPECT_TRUE(same_origin("https://model.example", "Model.example"));
  for (const auto* origin : {"null", "http://localhost", "http://evil.example", "localhost:9090", ""}) EXPECT_FALSE(same_origin(origin, "localhost:9090")) << origin;
}

std::string refusal(const std::string& path, std::initializer_list<std::pair<const char*, const char*>> fields) {
  httplib::Request request;
  request.method = "GET";
  request.path = path;
  request.version = "HTTP/1.1";
  request.headers.emplace("Host", "localhost:9090");
  for (const auto& [name, value] : fields) request.headers.emplace(name, value);
  bool unread = false;
  const auto reply = refused(request, GatewaySettings(), unread);
  return !reply ? "" : std::to_string(reply->status) + (reply->body.find("forbidden_origin") != std::string::npos ? " forbidden_origin" : "");
}

TEST(Origin, is_one) {
  EXPECT_EQ(refusal("/v1/models", {{"Origin", "http://localhost:9090"}}), "");
  EXPECT_EQ(refusal("/v1/models", {{"Origin", "http://localhost:9090"}, {"Origin", "http://evil.example"}}), "403 forbidden_origin");
  EXPECT_EQ(refusal("/v1/models", {{"Origin", "http://localhost:9090"}, {"Origin", "http://localhost:9090"}}), "403 forbidden_origin");
}

TEST(Browsers, may_follow_a_link_from_another_site_to_the_page_and_nothing_else) {
  for (const auto* site : {"same-origin", "none"}) EXPECT_EQ(refusal("/v1/models", {{"Sec-Fetch-Site", site}, {"Sec-Fetch-Mode", "cors"}}), "") << site;
  for (const auto* site : {"cross-site", "same-site", "Cross-Site"}) {
    EXPECT_EQ(refusal("/", {{"Sec-Fetch-Site", site}, {"Sec-Fetch-Mode", "navigate"}}), "") << site;
    EXPECT_EQ(refusal("/", {{"Sec-Fetch-Site", site}, {"Sec-Fetch-Mode", "no-cors"}}), "403 forbidden_origin") << site;
    EXPECT_EQ(refusal("/", {{"Sec-Fetch-Site", site}}), "403 forbidden_origin") << site;
    EXPECT_EQ(refusal("/v1/models", {{"Sec-Fetch-Site", site}, {"Sec-Fetch-Mode", "navigate"}}), "403 forbidden_origin") << site;
  }
  EXPECT_EQ(refusal("/v1/models", {{"Sec-Fetch-Site", "none"}, {"Sec-Fetch-Site", "cross-site"}}), "403 forbidden_origin");
}

TEST(SecurityPolicy, lets_a_page_run_what_it_holds_and_nothing_else) {
  // echo -n 'alert(1)' | openssl dgst -sha256 -binary | base64
  EXPECT_EQ(security_policy("<style>p{}</style><script>alert(1)</script>"),
            "default-src 'none'; script-src 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='; style-src "
            "'sha256-gG2yISYereRMiG2lMXrbiUgi0Ubw9p7QCeWcroOvy9Y='; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'");
  EXPECT_NE(security_policy("<p>Hi").find("script-src 'none'; style-src 'none'"), std::string::npos);
}

}  // namespace
}  // namespace shardlm::app
