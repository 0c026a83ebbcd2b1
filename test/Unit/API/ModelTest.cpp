//===- ModelTest.cpp - Models between calls -------------------------------===//
//
// What a model binds and prepares for a call stays for the next one, and must
// go when its weights change.
//
//===----------------------------------------------------------------------===//

#include "nnc/nnc.h"
#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <numeric>

using namespace nnc;

// Its convolution and its product read weights that are laid out for them.
static const char *const digits = R"(nnc 1
model digits(image: f32[batch, 64]) -> (logits: f32[batch, 10]) {
  first = conv2d(reshape(image, [batch, 1, 8, 8]), 16, kernel = 3, padding = 1, activation = relu)
  second = conv2d(first, 32, kernel = 3, padding = 1, activation = relu)
  return dense(dense(flatten(max_pool2d(second, 4)), 128, activation = relu), 10)
}
train digits {
  data = "digits"
  loss = softmax_cross_entropy
  metrics = [accuracy]
  batch_size = 32
}
)";

namespace {
class ModelTest : public testing::Test {
protected:
  ModelTest() {
    auto source = load("digits");
    EXPECT_TRUE(source) << render(source.error());
    if (source)
      all = std::move(source->train);
  }

  /// The first \p count samples.
  Dataset some(int64_t count) const {
    std::vector<int64_t> indices(count);
    std::iota(indices.begin(), indices.end(), 0);
    return select(all, indices);
  }

  static std::string bytes(const Expected<Array> &array) {
    EXPECT_TRUE(array) << render(array.error());
    if (!array)
      return {};
    return {reinterpret_cast<const char *>(array->data()),
            size_t(array->byteSize())};
  }

  static double loss(Model &model, const Dataset &data) {
    auto evaluation = model.evaluate(data);
    EXPECT_TRUE(evaluation) << render(evaluation.error());
    return evaluation ? evaluation->loss : 0;
  }

  static Model open(Expected<Model> model) {
    if (!model) {
      ADD_FAILURE() << render(model.error());
      std::abort();
    }
    return std::move(*model);
  }

  Dataset all;
};
} // namespace

TEST_F(ModelTest, CallsGiveTheSameAgain) {
  Model model = open(Model::fromText(digits));
  Dataset one = some(1), few = some(40);
  std::string ofOne = bytes(model.predict(one)),
              ofFew = bytes(model.predict(few));
  double ofAll = loss(model, all), ofSome = loss(model, few);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(bytes(model.predict(one)), ofOne);
    EXPECT_EQ(loss(model, few), ofSome);
    EXPECT_EQ(bytes(model.predict(few)), ofFew);
    EXPECT_EQ(loss(model, all), ofAll);
    auto other = model.evaluate(few, {"top_k(2)"});
    ASSERT_TRUE(other) << render(other.error());
    ASSERT_EQ(other->metrics.size(), 1u);
    EXPECT_EQ(other->loss, ofSome);
  }
  Model fresh = open(Model::fromText(digits));
  EXPECT_EQ(bytes(fresh.predict(few)), ofFew);
}

TEST_F(ModelTest, TrainingChangesPredictions) {
  Model model = open(Model::fromText(digits));
  Dataset one = some(1), few = some(40);
  std::string lastOne = bytes(model.predict(one)),
              lastFew = bytes(model.predict(few));
  double lastLoss = loss(model, few);
  std::string path =
      (std::filesystem::path(testing::TempDir()) / "digits.nnm").string();
  for (int i = 0; i < 2; ++i) {
    TrainOptions options;
    options.steps = 20;
    auto trained = model.train(all, options);
    ASSERT_TRUE(trained) << render(trained.error());
    auto saved = model.save(path);
    ASSERT_TRUE(saved) << render(saved.error());
    Model fresh = open(Model::open(path));
    std::string ofOne = bytes(model.predict(one)),
                ofFew = bytes(model.predict(few));
    double ofLoss = loss(model, few);
    EXPECT_NE(ofOne, lastOne);
    EXPECT_NE(ofFew, lastFew);
    EXPECT_LT(ofLoss, lastLoss);
    EXPECT_EQ(ofOne, bytes(fresh.predict(one)));
    EXPECT_EQ(ofFew, bytes(fresh.predict(few)));
    EXPECT_EQ(ofLoss, loss(fresh, few));
    lastOne = ofOne, lastFew = ofFew, lastLoss = ofLoss;
  }
}

TEST_F(ModelTest, FailedTrainingChangesNothing) {
  Model model = open(Model::fromText(digits));
  Dataset one = some(1);
  std::string before = bytes(model.predict(one));
  TrainOptions options;
  for (const char *optimizer :
       {"no_such_optimizer", "sgd(learning_rate = 1e30)"}) {
    options.optimizer = optimizer;
    EXPECT_FALSE(model.train(all, options)) << optimizer;
    EXPECT_EQ(bytes(model.predict(one)), before);
  }
}

TEST_F(ModelTest, DataOfSeveralWidths) {
  const char *text = R"(nnc 1
model m(x: f32[batch, n]) -> (y: f32[batch]) {
  param w: f32[1] = constant(0.5)
  return sum(x * exp(w), axis = 1)
}
)";
  Model model = open(Model::fromText(text));
  for (int64_t width : {4, 7, 4}) {
    Dataset data;
    data.name = "x";
    data.samples = 2;
    Array values(ElementType::f32, {2, width});
    std::fill_n(reinterpret_cast<float *>(values.data()), 2 * width, 1.0f);
    data.fields.push_back(Field::make("x", std::move(values)));
    Model fresh = open(Model::fromText(text));
    EXPECT_EQ(bytes(model.predict(data)), bytes(fresh.predict(data))) << width;
  }
}
