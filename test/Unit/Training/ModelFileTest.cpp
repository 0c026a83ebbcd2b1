//===- ModelFileTest.cpp - Models in all their forms ----------------------===//

#include "TestModels.h"
#include "nnc/Formats/Npy.h"
#include "nnc/Training/Binding.h"

using namespace nnc;
using namespace nnc::test;

static ErrorCode openError(const std::string &path) {
  Diagnostics diagnostics;
  EXPECT_FALSE(openModel(path, std::nullopt, diagnostics));
  EXPECT_TRUE(diagnostics.hasErrors());
  return diagnostics.hasErrors() ? diagnostics.errors().front().code
                                 : ErrorCode::internal;
}

TEST(ModelFile, IdentityIsWhatProgramsDependOn) {
  TestFolder folder;
  std::string identity = openText(folder, digitsText).identity;
  EXPECT_NE(identity.find("dense"), std::string::npos);
  EXPECT_EQ(identity.find("train"), std::string::npos);
  std::string commented = std::string("# a comment\n") + digitsText;
  commented.replace(commented.find("epochs = 3"), 10, "epochs = 9");
  EXPECT_EQ(openText(folder, commented).identity, identity);
  std::string changed = digitsText;
  changed.replace(changed.find("image, 10)"), 10, "image, 11)");
  EXPECT_NE(openText(folder, changed).identity, identity);
}

TEST(ModelFile, ImportsCount) {
  TestFolder folder;
  const char *text = R"(import "layers.nn"
model m(x: f32[batch, 4]) -> f32[batch, width] { return wide(x) }
)";
  folder.write("layers.nn", "const width = 3\nlayer wide(x: f32[batch, n]) -> "
                            "f32[batch, width] { return dense(x, width) }\n");
  ModelFile model = openText(folder, text);
  std::string identity = model.identity;
  EXPECT_EQ(model.resultShape(*expectValue(model.function(""))),
            (std::vector<int64_t>{-1, 3}));
  // The self-contained text needs no import any more.
  std::string alone = expectValue(selfContainedText(*model.program));
  EXPECT_EQ(alone.find("import"), std::string::npos);
  TestFolder other;
  ModelFile again = openText(other, alone);
  EXPECT_EQ(again.resultShape(*expectValue(again.function(""))),
            (std::vector<int64_t>{-1, 3}));
  folder.write("layers.nn", "const width = 3\nlayer wide(x: f32[batch, n]) -> "
                            "f32[batch, width] { return relu(dense(x, width)) "
                            "}\n");
  EXPECT_NE(openText(folder, text).identity, identity);
}

TEST(ModelFile, NamesInTwoFilesCannotBeJoined) {
  TestFolder folder;
  folder.write("a.nn", "const k = 3\n");
  folder.write("b.nn", "import \"a.nn\"\nlayer same(x: f32[batch, n]) -> "
                       "f32[batch, n] { return x }\n");
  ModelFile model = openText(folder, R"(import "b.nn"
const k = 4
model m(x: f32[batch, k]) -> f32[batch, k] { return same(x) }
)");
  expectError(selfContainedText(*model.program), ErrorCode::unsupported);
}

TEST(ModelFile, InputsAsDeclared) {
  TestFolder folder;
  ModelFile model = openText(folder, R"(
const k = 8
model m(a: f32[batch, k // 2, n], ids: i32[batch]) -> f32[batch, n] {
  return mean(a, axis = 1)
}
)");
  auto inputs = model.inputs(*expectValue(model.function("")));
  ASSERT_EQ(inputs.size(), 2u);
  EXPECT_EQ(inputs[0].name, "a");
  EXPECT_EQ(inputs[0].shape, (std::vector<int64_t>{-1, 4, -1}));
  EXPECT_EQ(inputs[0].dims[2], "n");
  EXPECT_EQ(inputs[1].type, ElementType::i32);
}

TEST(ModelFile, ChoosesAFunction) {
  TestFolder folder;
  ModelFile model = openText(folder, R"(
model m {
  net e = dense(3)
  fn loss_of(x: f32[batch, 2]) -> f32[] { return mean(e(x)) }
  fn use(x: f32[batch, 2]) -> f32[batch, 3] { return e(x) }
}
)");
  EXPECT_EQ(expectValue(model.function("", "loss_of"))->name.text, "use");
  EXPECT_EQ(expectValue(model.function("loss_of"))->name.text, "loss_of");
  expectError(model.function("usee"), ErrorCode::unknownFunction);
}

TEST(ModelFile, KindsAreToldByContent) {
  TestFolder folder;
  EXPECT_EQ(openError(folder.path("none.nn")), ErrorCode::fileNotFound);
  EXPECT_EQ(openError(folder.write("net.onnx", "\x08\x07")),
            ErrorCode::unsupported);
  EXPECT_EQ(openError(folder.write("zip.nn", "PK\x03\x04 nonsense")),
            ErrorCode::notThisFormat);
  Diagnostics diagnostics;
  auto mlir = openModel(folder.write("text.nn", "module {\n}\n"), std::nullopt,
                        diagnostics);
  ASSERT_TRUE(mlir);
  EXPECT_EQ(mlir->source.kind, ModelSource::Kind::mlir);
  expectError(mlir->function(""), ErrorCode::unsupported);
}

TEST(Metadata, RoundTrips) {
  ModelMetadata metadata;
  metadata.model = "digits";
  metadata.loss = "softmax_cross_entropy";
  metadata.metrics = {"accuracy", "top_k(5)"};
  metadata.settings = {{"epochs", "3"}};
  metadata.history.push_back({{"epoch", 1}, {"loss", 0.25}});
  metadata.parameters = 650;
  metadata.schema.emplace();
  metadata.schema->fields.emplace_back().name = "image";
  metadata.schema->featuresField = "image";
  ModelMetadata back = expectValue(metadataFromJson(toJson(metadata), "test"));
  EXPECT_EQ(toJson(back), toJson(metadata));
  for (const char *text :
       {"[]", "{\"loss\":1}", "{\"metrics\":[1]}", "{\"settings\":{\"a\":1}}",
        "{\"history\":1}", "{\"data\":{\"fields\":3}}", "nonsense"})
    expectError(metadataFromJson(text, "test"), ErrorCode::malformedFile);
}

TEST(Weights, ReadFromAllTheirFiles) {
  TestFolder folder;
  std::vector<NamedArray> arrays = {
      {"a.weight", Array::of<float>({2}, {1, 2})}};
  std::vector<TensorView> views = {TensorView::of(arrays[0])};
  ASSERT_TRUE(writeSafetensors(folder.path("w.safetensors"), views));
  ASSERT_TRUE(writeNpz(folder.path("w.npz"), arrays));
  for (const char *name : {"w.safetensors", "w.npz"}) {
    auto read = expectValue(readWeights(folder.path(name)));
    ASSERT_EQ(read.size(), 1u) << name;
    EXPECT_EQ(read[0].name, "a.weight");
    EXPECT_TRUE(read[0].array == arrays[0].array);
  }
  expectError(readWeights(folder.write("w.h5", "\x89HDF\r\n\x1a\n")),
              ErrorCode::unsupported);
  expectError(readWeights(folder.path("none")), ErrorCode::fileNotFound);
}
