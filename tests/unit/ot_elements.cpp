// What comes as an element from outside: everything that is none is refused, with a sentence that says which and why.
#include "ot_hex.hpp"

namespace shardlm::ot {
namespace {

using namespace test;

// Each way in.
std::vector<std::string> refusals(const Element& bytes, const std::string& what) {
  return {refusal([&] { check_element(bytes, what); }), refusal([&] { blind_evaluate(random_key(), bytes, what); }),
          refusal([&] { finalize(std::string("a"), draw_blind(), bytes, what); })};
}

TEST(Elements, EveryInvalidEncodingOfRfc9496AppendixA2IsRefused) {
  const auto file = read_json(std::string(SHARDLM_VECTORS) + "/rfc9496_invalid_encodings.json");
  int encodings = 0;
  for (const auto& group : file.items()) {
    if (group.key() == "note") continue;
    for (const std::string hex : group.value()) {
      for (const std::string& sentence : refusals(test::element(hex), "blinded element 3"))
        EXPECT_EQ(sentence, "blinded element 3 is not a point of ristretto255") << group.key() << ": " << hex;
      ++encodings;
    }
  }
  EXPECT_EQ(encodings, 29);
}

TEST(Elements, TheIdentityIsRefusedByName) {
  for (const std::string& sentence : refusals(test::element(kIdentity), "evaluated element 0"))
    EXPECT_EQ(sentence, "evaluated element 0 is the identity of ristretto255");
}

TEST(Elements, WithoutANameTheyAreTheBlindedAndTheEvaluatedOne) {
  const Element identity = test::element(kIdentity);
  EXPECT_TRUE(says(refusal([&] { blind_evaluate(random_key(), identity); }), "the blinded element is the identity"));
  EXPECT_TRUE(says(refusal([&] { finalize(std::string("a"), draw_blind(), identity); }), "the evaluated element is the identity"));
}

TEST(Elements, EveryOneThatABlindMakesIsAccepted) {
  check_element(test::element(kGenerator), "the generator");
  for (int i = 0; i < 100; ++i) check_element(blind(std::string("a")).element, "a blinded element");
}

TEST(Elements, AnElementHasOneEncoding) {  // not with bit 255, which libsodium 1.0.18 ignores, nor with p added to the field element
  Element high = test::element(kGenerator);
  high[31] |= 0x80;
  for (const std::string& sentence : refusals(high, "x")) EXPECT_EQ(sentence, "x is not a point of ristretto255");
  const std::string p = "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";  // p + 0, the identity's field element
  for (const std::string& sentence : refusals(test::element(p), "x")) EXPECT_EQ(sentence, "x is not a point of ristretto255");
}

TEST(Elements, OneOf16StringsOfBytesIsAccepted) {  // the group has 2^252 elements; the strings are always the same
  int accepted = 0;
  for (int i = 0; i < 4000; ++i) {
    Element bytes;
    expand_message_xmd(std::to_string(i), std::string("some bytes"), bytes.data(), bytes.size());
    accepted += refusal([&] { check_element(bytes, "x"); }).empty();
  }
  EXPECT_NEAR(accepted, 4000 / 16, 50);
}

TEST(HashToGroup, GivesElementsThatDifferByInput) {
  std::vector<Element> hashed;
  for (int i = 0; i < 1000; ++i) {
    hashed.push_back(hash_to_group(std::to_string(i)));
    check_element(hashed.back(), "H(i)");
  }
  std::sort(hashed.begin(), hashed.end());
  EXPECT_EQ(std::adjacent_find(hashed.begin(), hashed.end()), hashed.end());
}

}  // namespace
}  // namespace shardlm::ot
