//===- MetricsTest.cpp - Figures on cases computed by hand ----------------===//

#include "nnc/Training/Metrics.h"
#include "../Formats/TestFolder.h"
#include "nnc/Language/TrainSettings.h"
#include <cmath>

using namespace nnc;
using namespace nnc::test;

static std::unique_ptr<Metric> make(const std::string &text,
                                    const std::string &loss, int64_t width) {
  auto calls = parseMetrics(text, "test");
  EXPECT_TRUE(calls) << calls.error().message;
  auto metric = makeMetric(calls->front(), meaningOf(loss, width), width);
  EXPECT_TRUE(metric) << metric.error().message;
  return std::move(*metric);
}

static void add(Metric &metric, const std::vector<float> &output,
                const std::vector<int32_t> &target, int64_t width) {
  MetricBatch batch;
  batch.output = output.data();
  batch.width = width;
  batch.rows = output.size() / width;
  batch.target = target.data();
  batch.targetType = ElementType::i32;
  batch.targetWidth = 1;
  metric.add(batch);
}

static void addFloats(Metric &metric, const std::vector<float> &output,
                      const std::vector<float> &target, int64_t width) {
  MetricBatch batch;
  batch.output = output.data();
  batch.width = width;
  batch.rows = output.size() / width;
  batch.target = target.data();
  batch.targetType = ElementType::f32;
  batch.targetWidth = target.size() / batch.rows;
  metric.add(batch);
}

// Four rows of three classes: the argmax is 1, 0, 2, and 0 by a tie.
static const std::vector<float> scores = {0, 5, 1, 3, 1, 2, 0, 1, 2, 4, 4, 1};
static const std::vector<int32_t> classes = {1, 0, 2, 1};
static const std::vector<float> oneHot = {0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0};
static const char *const softmax = "softmax_cross_entropy";

TEST(Metrics, AccuracyOfClassNumbersAndOneHotRows) {
  auto metric = make("accuracy", softmax, 3);
  EXPECT_TRUE(std::isnan(metric->value()));
  add(*metric, scores, classes, 3);
  EXPECT_EQ(metric->value(), 0.75);
  auto same = make("accuracy", softmax, 3);
  addFloats(*same, scores, oneHot, 3);
  EXPECT_EQ(same->value(), 0.75);
  metric->reset();
  EXPECT_TRUE(std::isnan(metric->value()));
}

TEST(Metrics, BinaryAccuracyByThreshold) {
  auto logits = make("accuracy", "sigmoid_cross_entropy", 1);
  addFloats(*logits, {-1, 2, 0.3f, -0.2f}, {0, 1, 0, 0}, 1);
  EXPECT_EQ(logits->value(), 0.75);
  auto shares = make("accuracy", "binary_cross_entropy", 1);
  addFloats(*shares, {0.2f, 0.7f, 0.4f, 0.6f}, {0, 1, 1, 0}, 1);
  EXPECT_EQ(shares->value(), 0.5);
  auto margins = make("accuracy", "hinge", 1);
  addFloats(*margins, {-0.3f, 2}, {-1, 1}, 1);
  EXPECT_EQ(margins->value(), 1.0);
}

TEST(Metrics, TopKCountsTiesByIndex) {
  auto first = make("top_k(1)", softmax, 3);
  EXPECT_EQ(first->key(), "top_1");
  add(*first, scores, classes, 3);
  EXPECT_EQ(first->value(), 0.75);
  auto second = make("top_k(2)", softmax, 3);
  EXPECT_EQ(second->key(), "top_2");
  add(*second, scores, classes, 3);
  EXPECT_EQ(second->value(), 1.0);
  add(*second, {3, 2, 1}, {2}, 3);
  EXPECT_EQ(second->value(), 0.8);
}

TEST(Metrics, PrecisionRecallAndF1) {
  // Table, rows true: class 0: 2 right; class 1: 1 right, 1 taken for 0;
  // class 2 does not occur.
  std::vector<float> output = {9, 0, 0, 9, 0, 0, 0, 9, 0, 9, 0, 0};
  std::vector<int32_t> target = {0, 0, 1, 1};
  auto value = [&](const char *text) {
    auto metric = make(text, softmax, 3);
    add(*metric, output, target, 3);
    return metric->value();
  };
  EXPECT_DOUBLE_EQ(value("precision"), (2.0 / 3 + 1) / 2);
  EXPECT_DOUBLE_EQ(value("recall"), (1 + 0.5) / 2);
  EXPECT_DOUBLE_EQ(value("f1"), (0.8 + 2.0 / 3) / 2);
  EXPECT_DOUBLE_EQ(value("[precision(average = \"micro\")]"), 0.75);
  EXPECT_DOUBLE_EQ(value("[f1(average = \"micro\")]"), 0.75);
}

TEST(Metrics, BinaryPrecisionIsThatOfClassOne) {
  auto value = [](const char *text) {
    auto metric = make(text, "binary_cross_entropy", 1);
    addFloats(*metric, {0.9f, 0.8f, 0.7f, 0.2f}, {1, 1, 0, 1}, 1);
    return metric->value();
  };
  EXPECT_DOUBLE_EQ(value("precision"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(value("recall"), 2.0 / 3);
}

TEST(Metrics, ConfusionHasTrueClassesInRows) {
  auto metric = make("confusion", softmax, 3);
  add(*metric, scores, classes, 3);
  std::vector<std::vector<int64_t>> expected = {
      {1, 0, 0}, {1, 1, 0}, {0, 0, 1}};
  EXPECT_EQ(metric->table(), expected);
  EXPECT_TRUE(make("accuracy", softmax, 3)->table().empty());
}

TEST(Metrics, ErrorsOverAllElements) {
  auto square = make("mse", "mse", 2);
  auto absolute = make("mae", "mse", 2);
  for (Metric *metric : {square.get(), absolute.get()}) {
    addFloats(*metric, {1, 2, 3, 4}, {1, 0, 0, 4}, 2);
    addFloats(*metric, {1, 1}, {2, 1}, 2);
    EXPECT_FALSE(metric->isHigherBetter());
  }
  EXPECT_DOUBLE_EQ(square->value(), (4 + 9 + 1) / 6.0);
  EXPECT_DOUBLE_EQ(absolute->value(), (2 + 3 + 1) / 6.0);
}

TEST(Metrics, StatesRestore) {
  for (const char *text : {"accuracy", "top_k(2)", "f1", "confusion", "mse"}) {
    auto whole = make(text, softmax, 3);
    auto first = make(text, softmax, 3);
    auto second = make(text, softmax, 3);
    addFloats(*whole, scores, oneHot, 3);
    addFloats(*whole, oneHot, scores, 3);
    addFloats(*first, scores, oneHot, 3);
    ASSERT_TRUE(second->restore(
        nlohmann::json::parse(first->state().dump(), nullptr, false)));
    addFloats(*second, oneHot, scores, 3);
    EXPECT_EQ(second->value(), whole->value()) << text;
    EXPECT_EQ(second->table(), whole->table()) << text;
    expectError(second->restore("nonsense"), ErrorCode::malformedFile);
  }
}

TEST(Metrics, SequencesCountRowByRow) {
  // Two samples of two rows each.
  auto metric = make("accuracy", softmax, 2);
  add(*metric, {1, 0, 0, 1, 1, 0, 1, 0}, {0, 1, 1, 0}, 2);
  EXPECT_EQ(metric->value(), 0.75);
}

TEST(Metrics, KnowWhatIsBetter) {
  EXPECT_TRUE(isHigherBetter("validation_accuracy"));
  EXPECT_TRUE(isHigherBetter("top_5"));
  EXPECT_FALSE(isHigherBetter("validation_loss"));
  EXPECT_FALSE(isHigherBetter("mse"));
}
