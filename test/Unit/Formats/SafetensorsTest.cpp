//===- SafetensorsTest.cpp - Weight files ---------------------------------===//

#include "nnc/Formats/Safetensors.h"
#include "TestFolder.h"
#include <cstring>

using namespace nnc;
using namespace nnc::test;

static std::string file(const std::string &header, size_t dataBytes) {
  std::string bytes;
  for (int i = 0; i < 8; ++i)
    bytes += static_cast<char>(header.size() >> (8 * i) & 0xff);
  return bytes + header + std::string(dataBytes, '\0');
}

static Expected<SafetensorsView> parse(const std::string &bytes) {
  return parseSafetensors(std::as_bytes(std::span(bytes)), "w.safetensors");
}

/// One entry of a header.
static std::string entry(const std::string &name, const std::string &dtype,
                         const std::string &shape, const std::string &offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

static std::vector<NamedArray> sample() {
  std::vector<NamedArray> arrays;
  arrays.push_back({"hidden.bias", Array::of<float>({3}, {1, 2, 3})});
  arrays.push_back({"hidden.weight", Array(ElementType::f32, {4, 16})});
  arrays.push_back(
      {"mask", Array::of<uint8_t>({3}, {1, 0, 1}).to(ElementType::boolean)});
  arrays.push_back({"step", Array::of<int64_t>({}, {12})});
  arrays.push_back({"half", Array::of<float>({1}, {2}).to(ElementType::bf16)});
  arrays.push_back({"empty", Array(ElementType::f64, {0, 4})});
  return arrays;
}

static std::vector<TensorView> views(const std::vector<NamedArray> &arrays) {
  std::vector<TensorView> result;
  for (const NamedArray &array : arrays)
    result.push_back(TensorView::of(array));
  return result;
}

TEST(Safetensors, SurvivesTheRoundTripInOrder) {
  TestFolder folder;
  std::vector<NamedArray> arrays = sample();
  ASSERT_TRUE(writeSafetensors(folder.path("w.safetensors"), views(arrays),
                               {{"format", "nnc"}}));
  std::vector<NamedArray> read =
      expectValue(readSafetensors(folder.path("w.safetensors")));
  ASSERT_EQ(read.size(), arrays.size());
  for (size_t i = 0; i < arrays.size(); ++i) {
    EXPECT_EQ(read[i].name, arrays[i].name);
    EXPECT_TRUE(read[i].array == arrays[i].array) << arrays[i].name;
  }
  std::string bytes = folder.read("w.safetensors");
  Expected<SafetensorsView> view = parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->metadata.at("format"), "nnc");
  EXPECT_EQ(view->find("none"), nullptr);
  // Whole multiples of 64 bytes are aligned to 64, all to their elements.
  for (const TensorView &tensor : view->tensors) {
    size_t offset =
        reinterpret_cast<const char *>(tensor.bytes.data()) - bytes.data();
    EXPECT_EQ(offset % sizeOf(tensor.type), 0u) << tensor.name;
    if (tensor.name == "hidden.weight") {
      EXPECT_EQ(offset % 64, 0u);
    }
  }
}

TEST(Safetensors, NamesAreUniqueWhenWritten) {
  TestFolder folder;
  std::vector<NamedArray> twice(2, {"w", Array::of<float>({1}, {1})});
  expectError(writeSafetensors(folder.path("w"), views(twice)),
              ErrorCode::malformedFile);
  std::vector<NamedArray> reserved(1, {"__metadata__", Array()});
  expectError(writeSafetensors(folder.path("w"), views(reserved)),
              ErrorCode::malformedFile);
  EXPECT_EQ(folder.count(), 0u);
}

TEST(Safetensors, BrokenFilesAreErrors) {
  EXPECT_TRUE(parse(file("{}", 0)));
  EXPECT_TRUE(parse(file("{" + entry("a", "F32", "[2]", "[0,8]") + "}  ", 8)));
  expectError(parse(""), ErrorCode::truncatedFile);
  expectError(parse("short"), ErrorCode::truncatedFile);
  expectError(parse(file("{}", 0).substr(0, 9)), ErrorCode::truncatedFile);
  expectError(parse("PK\3\4 something else"), ErrorCode::notThisFormat);
  expectError(parse(file("[]", 0)), ErrorCode::notThisFormat);
  expectError(parse(file("", 0)), ErrorCode::notThisFormat);

  auto broken = [&](const std::string &inside, size_t dataBytes = 8) {
    expectError(parse(file("{" + inside + "}", dataBytes)),
                ErrorCode::malformedFile);
  };
  std::string a = entry("a", "F32", "[2]", "[0,8]");
  broken("");                                  // 8 bytes nobody names.
  broken(a, 9);                                // Bytes behind the last.
  broken(a + "," + a);                         // Twice.
  broken(entry("a", "F32", "[2]", "[0,12]"));  // Outside.
  broken(entry("a", "F32", "[2]", "[8,0]"));   // Backwards.
  broken(entry("a", "F32", "[3]", "[0,8]"));   // Sizes disagree.
  broken(entry("a", "F32", "[-2]", "[0,8]"));  // Negative.
  broken(entry("a", "F32", "[2.0]", "[0,8]")); // Not whole.
  broken(entry("a", "F32", "[2]", "[0]"));     // One offset.
  broken(entry("a", "F32", "[2]", "[-8,0]"));  // Negative offset.
  broken(entry("a", "F32", "2", "[0,8]"));     // No list.
  broken(entry("a", "F32", "[[2]]", "[0,8]")); // A list too deep.
  broken(entry("a", "F32", "[4294967296,4294967296,4294967296]", "[0,8]"));
  broken(entry("a", "F32", "[99999999999999999999]", "[0,8]"));
  broken(entry("a", "F32", "[1]", "[0,4]") + "," +
         entry("b", "F32", "[1]", "[2,6]") + "," +
         entry("c", "F32", "[1]", "[4,8]"));         // Overlap.
  broken(entry("a", "F32", "[1]", "[4,8]"));         // A hole.
  broken("\"a\":{\"dtype\":\"F32\",\"shape\":[2]}"); // A key is missing.
  broken("\"a\":{\"dtype\":null}");
  broken("\"a\":[1]");
  broken("\"a\":true");
  broken("\"__metadata__\":{\"x\":1}", 0);
  broken("\"a\":{\"b\":{}}");
  broken("\"a\":");
  broken("\"a\xff\":{}");
  broken(std::string(100000, '['));
  expectError(parse(file("{" + entry("a", "F8_E4M3", "[8]", "[0,8]") + "}", 8)),
              ErrorCode::unsupported);
  std::string dims = "[1";
  for (int i = 0; i < 100; ++i)
    dims += ",1";
  broken(entry("a", "F32", dims + "]", "[0,4]"), 4);
}

TEST(Safetensors, EveryCutAndEveryChangedByteIsSurvived) {
  TestFolder folder;
  ASSERT_TRUE(writeSafetensors(folder.path("w"), views(sample())));
  std::string good = folder.read("w");
  for (size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(parse(good.substr(0, i))) << i;
    for (char change : {'\x01', '\x04', '\x7f', '\xff'}) {
      std::string bytes = good;
      bytes[i] ^= change;
      (void)parse(bytes).has_value();
    }
  }
}

TEST(Safetensors, ThePythonPackageReadsOurs) {
  TestFolder folder;
  std::vector<NamedArray> arrays = sample();
  arrays.erase(arrays.begin() + 4); // NumPy has no bf16.
  ASSERT_TRUE(writeSafetensors(folder.path("ours"), views(arrays)));
  NNC_RUN_PYTHON(folder, "numpy, safetensors.numpy", R"(
import numpy as np
from safetensors.numpy import load_file, save_file
w = load_file("ours")
assert set(w) == {"hidden.bias", "hidden.weight", "mask", "step", "empty"}
assert (w["hidden.bias"] == np.array([1, 2, 3], np.float32)).all()
assert w["hidden.weight"].shape == (4, 16) and w["step"] == 12
assert (w["mask"] == [True, False, True]).all()
save_file({"x": np.arange(6, dtype=np.int32).reshape(2, 3)}, "theirs")
)");
  std::vector<NamedArray> theirs =
      expectValue(readSafetensors(folder.path("theirs")));
  ASSERT_EQ(theirs.size(), 1u);
  EXPECT_TRUE(theirs[0].array ==
              Array::of<int32_t>({2, 3}, {0, 1, 2, 3, 4, 5}));
}
