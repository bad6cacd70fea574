// The OPRF: the RFC's vectors, what both sides get, and that a blinded element shows nothing of its input.
#include <new>

#include "ot_hex.hpp"

namespace shardlm::ot {
namespace {

using namespace test;

struct Rfc9497AppendixA11 : testing::Test {
  nlohmann::json file = read_json(std::string(SHARDLM_VECTORS) + "/rfc9497_ristretto255_sha512.json");
  nlohmann::json vectors = file["vectors"];
  PrivateKey key{test::scalar(file["skSm"])};

  void SetUp() override { ASSERT_EQ(vectors.size(), 2u); }
};

TEST_F(Rfc9497AppendixA11, DeriveKeyPair) {
  const PrivateKey derived = derive_key(from_hex(file["seed"]), from_hex(file["keyInfo"]));
  EXPECT_EQ(to_hex(derived.scalar()), file["skSm"]);
}

TEST_F(Rfc9497AppendixA11, Blind) {
  for (const auto& v : vectors)
    EXPECT_EQ(to_hex(blind(from_hex(v["Input"]), blind_with(test::scalar(v["Blind"])))), v["BlindedElement"]);
}

TEST_F(Rfc9497AppendixA11, BlindEvaluate) {
  for (const auto& v : vectors) EXPECT_EQ(to_hex(blind_evaluate(key, test::element(v["BlindedElement"]))), v["EvaluationElement"]);
}

TEST_F(Rfc9497AppendixA11, Finalize) {
  for (const auto& v : vectors) {
    const ot::Blind with = blind_with(test::scalar(v["Blind"]));
    EXPECT_EQ(to_hex(finalize(from_hex(v["Input"]), with, test::element(v["EvaluationElement"]))), v["Output"]);
  }
}

TEST_F(Rfc9497AppendixA11, Evaluate) {
  for (const auto& v : vectors) EXPECT_EQ(to_hex(evaluate(key, from_hex(v["Input"]))), v["Output"]);
}

TEST(Oprf, ReceiverAndSenderGetTheSameOutput) {
  for (const std::size_t length : {0, 1, 4, 31, 127, 128, 300, 65535}) {
    const Bytes input(length, 0xa5);
    const PrivateKey key = random_key();
    const Blinded blinded = blind(input);
    EXPECT_EQ(to_hex(finalize(input, blinded.blind, blind_evaluate(key, blinded.element))), to_hex(evaluate(key, input))) << length;
  }
}

TEST(Oprf, TheOutputDoesNotDependOnTheBlind) {
  const PrivateKey key = random_key();
  const std::string input = "row 17", want = to_hex(evaluate(key, input));
  for (int i = 0; i < 100; ++i) {
    const ot::Blind with = draw_blind();
    ASSERT_EQ(to_hex(finalize(input, with, blind_evaluate(key, blind(input, with)))), want);
  }
}

TEST(Oprf, TheOutputDependsOnKeyAndInput) {
  const PrivateKey key = random_key(), other = random_key();
  EXPECT_NE(to_hex(evaluate(key, std::string("a"))), to_hex(evaluate(key, std::string("b"))));
  EXPECT_NE(to_hex(evaluate(key, std::string("a"))), to_hex(evaluate(other, std::string("a"))));
}

TEST(Oprf, AnotherInputOrBlindThanWasSentGivesAnotherOutput) {
  const PrivateKey key = random_key();
  const std::string input = "a", want = to_hex(evaluate(key, input));
  const Blinded blinded = blind(input);
  const Element evaluated = blind_evaluate(key, blinded.element);
  EXPECT_NE(to_hex(finalize(std::string("b"), blinded.blind, evaluated)), want);
  EXPECT_NE(to_hex(finalize(input, draw_blind(), evaluated)), want);
}

TEST(Oprf, KeysAndBlindsAreFreshEveryTime) {  // of 252 bits: a false alarm has probability below 2^-230
  std::vector<std::string> drawn;
  for (int i = 0; i < 100; ++i) drawn.push_back(to_hex(random_key().scalar())), drawn.push_back(to_hex(draw_blind().r));
  std::sort(drawn.begin(), drawn.end());
  EXPECT_EQ(std::adjacent_find(drawn.begin(), drawn.end()), drawn.end());
}

TEST(Oprf, BlindedElementsOfOneInputDiffer) {
  std::vector<Element> blinded;
  for (int i = 0; i < 100; ++i) blinded.push_back(blind(std::string("a")).element);
  std::sort(blinded.begin(), blinded.end());
  EXPECT_EQ(std::adjacent_find(blinded.begin(), blinded.end()), blinded.end());
}

constexpr int kFresh = 2000;
constexpr int kBits = 254;  // 1 to 254 of an encoding; bit 0 and bit 255 of every element are 0

std::array<int, kBits> ones(const std::string& input) {
  std::array<int, kBits> count{};
  for (int i = 0; i < kFresh; ++i) {
    const Element e = blind(input).element;
    for (int bit = 0; bit < kBits; ++bit) count[bit] += e[(bit + 1) / 8] >> ((bit + 1) % 8) & 1;
  }
  return count;
}

// Blinded elements are uniform whatever the input is, because the group has prime order; this sees whether the code does what that
// takes. Every bit of an encoding is 1 half of the time, and as often for one input as for the other. Hoeffding: one bit misses one of
// its three bounds with probability below 4 exp(-2 170^2 / 2000) + 2 exp(-2 240^2 / 4000) = 2e-12, any of them below 5e-10.
TEST(Oprf, BlindedElementsOfTwoInputsLookAlike) {
  const std::array<int, kBits> a = ones("a"), b = ones("b");
  for (int bit = 0; bit < kBits; ++bit) {
    EXPECT_LT(std::abs(a[bit] - kFresh / 2), 170) << bit + 1;
    EXPECT_LT(std::abs(b[bit] - kFresh / 2), 170) << bit + 1;
    EXPECT_LT(std::abs(a[bit] - b[bit]), 240) << bit + 1;
  }
}

// The order of the group, little-endian, and its neighbours.
const std::string kOrderMinus1 = "ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
const std::string kOrder = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
const std::string kOrderPlus1 = "eed3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

TEST(Scalars, FromOneToTheOrderMinusOneAreKeysAndBlinds) {
  for (const std::string& hex : {"01" + std::string(62, '0'), kOrderMinus1}) {
    const PrivateKey key(test::scalar(hex));
    const ot::Blind with = blind_with(test::scalar(hex));
    EXPECT_EQ(to_hex(finalize(std::string("a"), with, blind_evaluate(key, blind(std::string("a"), with)))), to_hex(evaluate(key, std::string("a"))));
  }
}

TEST(Scalars, OthersAreRefused) {
  for (const std::string& hex : {std::string(64, '0'), kOrder, kOrderPlus1, std::string(64, 'f'), std::string(62, '0') + "80"}) {
    EXPECT_TRUE(says(refusal([&] { PrivateKey{test::scalar(hex)}; }), "the private key of the OPRF is zero, or not below the order")) << hex;
    EXPECT_TRUE(says(refusal([&] { blind_with(test::scalar(hex)); }), "the blind of the OPRF is zero, or not below the order")) << hex;
  }
}

TEST(Scalars, ABlindThatNobodyDrewIsRefused) {
  EXPECT_TRUE(says(refusal([] { blind(std::string("a"), ot::Blind()); }), "was never drawn"));
  EXPECT_TRUE(says(refusal([] { finalize(std::string("a"), ot::Blind(), test::element(kGenerator)); }), "was never drawn"));
}

TEST(Oprf, InputsAndInfosHave65535BytesAtMost) {
  const std::string longest(65535, 'x'), too_long(65536, 'x'), seed(32, 's');
  EXPECT_NO_THROW(derive_key(seed, longest));
  EXPECT_TRUE(says(refusal([&] { derive_key(seed, too_long); }), "info of a private key of the OPRF has 65536 bytes"));
  EXPECT_TRUE(says(refusal([&] { blind(too_long); }), "input of the OPRF has 65536 bytes"));
  EXPECT_TRUE(says(refusal([&] { evaluate(random_key(), too_long); }), "input of the OPRF has 65536 bytes"));
  EXPECT_TRUE(says(refusal([&] { finalize(too_long, draw_blind(), test::element(kGenerator)); }), "input of the OPRF has 65536 bytes"));
}

TEST(Oprf, SeedsHave32Bytes) {
  for (const std::size_t length : {0, 31, 33})
    EXPECT_TRUE(says(refusal([&] { derive_key(std::string(length, 's'), std::string("info")); }), std::to_string(length) + " bytes, not 32"));
}

TEST(Secret, LeavesZerosWhereItDies) {
  alignas(Scalar) unsigned char place[sizeof(Scalar)];
  auto* scalar = new (place) Scalar(random_key().scalar());
  ASSERT_NE(std::count(place, place + sizeof place, 0), std::ptrdiff_t{sizeof place});
  scalar->~Scalar();
  EXPECT_EQ(std::count(place, place + sizeof place, 0), std::ptrdiff_t{sizeof place});
}

}  // namespace
}  // namespace shardlm::ot
