//===- ModelArchiveTest.cpp - Trained models and checkpoints --------------===//

#include "nnc/Formats/ModelArchive.h"
#include "TestFolder.h"
#include "nnc/Formats/Json.h"

using namespace nnc;
using namespace nnc::test;

namespace {
class ModelArchiveTest : public ::testing::Test {
protected:
  /// Writes an archive and returns its bytes.
  std::string write(bool checkpoint, const std::string &metadata = R"({"a":1})",
                    const std::string &name = "m.nnm") {
    ModelContent content;
    content.model = "model m(x: f32[2]) -> f32[2] { return x }\n";
    content.metadata = metadata;
    std::vector<TensorView> weights = {TensorView::of(weight),
                                       TensorView::of(bias)};
    std::vector<TensorView> state = {TensorView::of(step)};
    content.weights = weights;
    if (checkpoint)
      content.state = state;
    Expected<void> written = writeModelArchive(folder.path(name), content);
    EXPECT_TRUE(written) << (written ? "" : written.error().message);
    return folder.read(name);
  }
  Expected<ModelArchive> open(const std::string &bytes) {
    return ModelArchive::open(folder.write("open.nnm", bytes));
  }
  /// An archive of these members.
  std::string zip(std::vector<std::pair<std::string, std::string>> members) {
    Expected<ZipWriter> archive = ZipWriter::create(folder.path("made.nnm"));
    for (auto &[name, text] : members)
      EXPECT_TRUE(archive->add(name, text));
    EXPECT_TRUE(archive->commit());
    return folder.read("made.nnm");
  }

  TestFolder folder;
  NamedArray weight{"weight", Array(ElementType::f32, {16, 16})};
  NamedArray bias{"bias", Array::of<float>({3}, {1, 2, 3})};
  NamedArray step{"step", Array::of<int64_t>({}, {7})};
};
} // namespace

TEST_F(ModelArchiveTest, SurvivesTheRoundTripMapped) {
  std::string bytes = write(true, R"({"format":99,"loss":0.25,"b":[1]})");
  Expected<ModelArchive> archive = ModelArchive::open(folder.path("m.nnm"));
  ASSERT_TRUE(archive) << archive.error().message;
  EXPECT_EQ(archive->model(), "model m(x: f32[2]) -> f32[2] { return x }\n");
  auto metadata = expectValue(parseJson(archive->metadata(), "metadata"));
  EXPECT_EQ(metadata["format"], modelFormat);
  EXPECT_EQ(metadata["loss"], 0.25);
  ASSERT_EQ(archive->weights().tensors.size(), 2u);
  EXPECT_TRUE(archive->weights().tensors[0].toArray() == weight.array);
  EXPECT_TRUE(archive->weights().find("bias")->toArray() == bias.array);
  ASSERT_TRUE(archive->state());
  EXPECT_TRUE(archive->state()->tensors[0].toArray() == step.array);
  // Pages are mapped at multiples of 4096, so memory tells the file's offset.
  auto address =
      reinterpret_cast<uintptr_t>(archive->weights().tensors[0].bytes.data());
  EXPECT_EQ(address % 64, 0u);
  EXPECT_TRUE(ModelArchive::looksLikeOne(folder.path("m.nnm")));
  EXPECT_FALSE(ModelArchive::looksLikeOne(folder.write("x", "model")));
  EXPECT_FALSE(ModelArchive::looksLikeOne(folder.path("missing")));
}

TEST_F(ModelArchiveTest, OfTheSameContentIsTheSameBytes) {
  EXPECT_EQ(write(true), write(true));
  Expected<ModelArchive> plain = open(write(false));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->state(), nullptr);
}

TEST_F(ModelArchiveTest, ViewsOutliveAMove) {
  Expected<ModelArchive> archive = open(write(false));
  ASSERT_TRUE(archive);
  ModelArchive moved = std::move(*archive);
  EXPECT_TRUE(moved.weights().find("bias")->toArray() == bias.array);
}

TEST_F(ModelArchiveTest, MetadataMustBeAnObject) {
  for (const char *metadata : {"[1]", "{", "1", ""}) {
    ModelContent content;
    content.metadata = metadata;
    expectError(writeModelArchive(folder.path("m.nnm"), content),
                ErrorCode::malformedFile);
  }
  EXPECT_EQ(folder.count(), 0u);
}

TEST_F(ModelArchiveTest, AFailureLeavesTheOldFile) {
  std::string old = write(false);
  std::vector<TensorView> twice(2, TensorView::of(bias));
  ModelContent content;
  content.weights = twice;
  expectError(writeModelArchive(folder.path("m.nnm"), content),
              ErrorCode::malformedFile);
  EXPECT_EQ(folder.read("m.nnm"), old);
  EXPECT_EQ(folder.count(), 1u);
}

TEST_F(ModelArchiveTest, BrokenArchivesAreErrors) {
  std::string good = write(true);
  expectError(ModelArchive::open(folder.path("missing.nnm")),
              ErrorCode::fileNotFound);
  expectError(open("model"), ErrorCode::notThisFormat);
  expectError(open(good.substr(0, good.size() - 30)), ErrorCode::notThisFormat);
  expectError(open(zip({{"model.nn", "text"}})), ErrorCode::memberNotFound);
  expectError(open(zip({{"metadata.json", "{}"}})), ErrorCode::malformedFile);
  expectError(open(zip({{"metadata.json", "{]"}})), ErrorCode::malformedFile);
  expectError(open(zip({{"metadata.json",
                         std::string(1000, '[') + std::string(1000, ']')}})),
              ErrorCode::malformedFile);
  expectError(open(zip({{"metadata.json", R"({"format":2})"}})),
              ErrorCode::formatVersion);
  expectError(open(zip({{"metadata.json", R"({"format":1})"}})),
              ErrorCode::malformedFile);
  expectError(open(zip({{"metadata.json", R"({"format":1,"members":{}})"},
                        {"model.nn", "text"}})),
              ErrorCode::malformedFile);
  expectError(
      open(zip({{"metadata.json",
                 R"({"format":1,"members":{"weights.safetensors":{}}})"}})),
      ErrorCode::memberNotFound);
  expectError(open(zip({{"metadata.json", R"({"format":1,"members":{}})"}})),
              ErrorCode::memberNotFound);
  expectError(open(zip({{"metadata.json", R"({"format":1,"members":
                {"model.nn":{"size":4,"crc32":"00000000"}}})"},
                        {"model.nn", "text"}})),
              ErrorCode::malformedFile);
}

TEST_F(ModelArchiveTest, EveryChangedByteOfAMemberIsFound) {
  std::string good = write(true);
  size_t directory = good.find("PK\1\2");
  Expected<ZipReader> zip = ZipReader::open(folder.path("m.nnm"));
  ASSERT_TRUE(zip);
  for (const ZipReader::Member &member : zip->members())
    for (uint64_t i = 0; i < member.size; i += 41) {
      std::string bytes = good;
      bytes[member.offset + i] ^= 0x20;
      EXPECT_FALSE(open(bytes)) << member.name << " " << i;
    }
  // The directory: either found or of no consequence, never a crash.
  for (size_t i = directory; i < good.size(); i += 3) {
    std::string bytes = good;
    bytes[i] ^= 0x11;
    (void)open(bytes).has_value();
  }
}

TEST_F(ModelArchiveTest, ThePythonPackageReadsTheMember) {
  write(true);
  NNC_RUN_PYTHON(folder, "safetensors.numpy", R"(
import zipfile
from safetensors.numpy import load
z = zipfile.ZipFile("m.nnm")
assert z.testzip() is None
assert all(i.compress_type == zipfile.ZIP_STORED for i in z.infolist())
w = load(z.read("weights.safetensors"))
assert (w["bias"] == [1, 2, 3]).all() and w["weight"].shape == (16, 16)
)");
}
