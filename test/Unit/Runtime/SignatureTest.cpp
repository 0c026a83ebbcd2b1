//===- SignatureTest.cpp - Program descriptions as JSON -------------------===//

#include "nnc/Runtime/Signature.h"
#include <gtest/gtest.h>

using namespace nnc;

static Signature sample() {
  Signature signature;
  signature.model = "digits";
  signature.entry = "nnc_program";
  signature.target = "znver3";
  signature.batch = 32;
  signature.arenaBytes = 4096;
  signature.flop = 12345;
  signature.usesTiles = true;
  Argument weight;
  weight.name = "hidden.weight";
  weight.role = Role::parameter;
  weight.type = ElementType::f64;
  weight.shape = {64, 128};
  weight.initializer = "glorot_uniform";
  weight.fanIn = 64;
  weight.fanOut = 128;
  Argument image;
  image.name = "image";
  image.shape = {32, 64};
  image.batched = true;
  signature.arguments = {image, weight};
  return signature;
}

TEST(Signature, JsonRoundTrip) {
  std::string text = sample().toJson();
  auto parsed = Signature::fromJson(text);
  ASSERT_TRUE(parsed) << render(parsed.error());
  EXPECT_EQ(parsed->toJson(), text);
  EXPECT_TRUE(parsed->usesTiles);
  EXPECT_EQ(parsed->indexOf(Role::parameter, "hidden.weight"), 1);
  EXPECT_EQ(parsed->indexOf(Role::input, "hidden.weight"), -1);
  EXPECT_EQ(parsed->arguments[1].byteCount(), 64 * 128 * 8);
}

TEST(Signature, DamagedTextIsRefused) {
  std::string text = sample().toJson();
  std::vector<std::string> broken = {"", "[]", "{}", text.substr(0, 40)};
  auto replaced = [&](const std::string &from, const std::string &to) {
    std::string copy = text;
    copy.replace(copy.find(from), from.size(), to);
    broken.push_back(copy);
  };
  replaced("\"batch\"", "\"bitch\"");
  replaced("\"parameter\"", "\"perimeter\"");
  replaced("\"f64\"", "\"f63\"");
  replaced("[64,128]", "[64,-1]");
  replaced("[64,128]", "[1099511627776,1099511627776]");
  replaced("\"flop\":12345", "\"flop\":\"many\"");
  for (const std::string &candidate : broken) {
    auto parsed = Signature::fromJson(candidate);
    ASSERT_FALSE(parsed) << candidate;
    EXPECT_EQ(parsed.error().code, ErrorCode::badSignature);
  }
}
