//===- Metrics.cpp - How good a model is ----------------------------------===//

#include "nnc/Training/Metrics.h"
#include "nnc/Language/TrainSettings.h"
#include <algorithm>
#include <cmath>

using namespace nnc;

/// The position of the largest of \p count numbers; the lowest index wins.
static int64_t argmax(const float *values, int64_t count) {
  return std::max_element(values, values + count) - values;
}

void MetricSums::clear() { *this = MetricSums(std::move(metrics)); }

void MetricSums::add(const Scored &batch) {
  int64_t outputs = batch.outputCount;
  samples += batch.samples;
  // One output is a two-class answer: positive logits or shares above a half
  // cannot be told apart, so the threshold is that of a share, 0.5.
  bool binary = outputs == 1;
  size_t classCount = binary ? 2 : static_cast<size_t>(outputs);
  auto trueClass = [&](int64_t i) -> int64_t {
    if (batch.classes)
      return batch.classes[i];
    if (binary)
      return batch.values[i] > 0.5f;
    return argmax(batch.values + i * outputs, outputs);
  };
  std::vector<int64_t> topK;
  for (const SettingValue &metric : metrics)
    if (metric.isCall("top_k"))
      topK.push_back(metric.argument("k").integer);
  withinTop.resize(topK.size(), 0);
  if (table.size() < classCount)
    table.resize(classCount);
  for (auto &row : table)
    row.resize(classCount, 0);
  for (int64_t i = 0; i < batch.samples; ++i) {
    const float *row = batch.outputs + i * outputs;
    int64_t answer = binary ? row[0] > 0.5f : argmax(row, outputs);
    int64_t truth = trueClass(i);
    right += answer == truth;
    if (truth >= 0 && truth < static_cast<int64_t>(classCount)) {
      ++table[truth][answer];
      for (size_t k = 0; k < topK.size(); ++k) {
        int64_t better = 0;
        for (int64_t j = 0; j < outputs && !binary; ++j)
          better += row[j] > row[truth] || (row[j] == row[truth] && j < truth);
        withinTop[k] += better < topK[k];
      }
    }
    if (!batch.values)
      continue;
    for (int64_t j = 0; j < outputs; ++j) {
      double difference = double(row[j]) - batch.values[i * outputs + j];
      squaredSum += difference * difference;
      absoluteSum += std::abs(difference);
    }
    valueCount += outputs;
  }
}

/// Precision, recall or F1 over the classes of a confusion table.
static double classScore(const std::vector<std::vector<int64_t>> &table,
                         const std::string &name, bool micro) {
  double sum = 0;
  int64_t rightTotal = 0, total = 0, present = 0;
  for (size_t c = 0; c < table.size(); ++c) {
    int64_t right = table[c][c], truths = 0, answers = 0;
    for (size_t other = 0; other < table.size(); ++other) {
      truths += table[c][other];
      answers += table[other][c];
    }
    rightTotal += right;
    total += truths;
    if (truths == 0 && answers == 0)
      continue;
    ++present;
    double precision = answers ? double(right) / answers : 0;
    double recall = truths ? double(right) / truths : 0;
    if (name == "precision")
      sum += precision;
    else if (name == "recall")
      sum += recall;
    else if (precision + recall > 0)
      sum += 2 * precision * recall / (precision + recall);
  }
  // Over all classes together each wrong answer counts once as missed and once
  // as mistaken: all three scores are the accuracy.
  if (micro)
    return total ? double(rightTotal) / total : 0;
  return present ? sum / present : 0;
}

std::vector<std::pair<std::string, double>> MetricSums::values() const {
  std::vector<std::pair<std::string, double>> result;
  if (samples == 0)
    return result;
  size_t nextTop = 0;
  for (const SettingValue &metric : metrics) {
    const std::string &name = metric.builtin->name;
    std::string key = metricKey(metric);
    if (name == "accuracy")
      result.emplace_back(key, double(right) / samples);
    else if (name == "top_k")
      result.emplace_back(key, double(withinTop[nextTop++]) / samples);
    else if (name == "mse" && valueCount)
      result.emplace_back(key, squaredSum / valueCount);
    else if (name == "mae" && valueCount)
      result.emplace_back(key, absoluteSum / valueCount);
    else if (name == "precision" || name == "recall" || name == "f1")
      result.emplace_back(
          key,
          classScore(table, name, metric.argument("average").text == "micro"));
  }
  return result;
}

std::vector<double> MetricSums::save() const {
  std::vector<double> saved = {double(samples),     squaredSum,
                               absoluteSum,         double(valueCount),
                               double(right),       double(withinTop.size()),
                               double(table.size())};
  saved.insert(saved.end(), withinTop.begin(), withinTop.end());
  for (const auto &row : table)
    saved.insert(saved.end(), row.begin(), row.end());
  return saved;
}

void MetricSums::restore(const std::vector<double> &saved) {
  clear();
  if (saved.size() < 7)
    return;
  samples = static_cast<int64_t>(saved[0]);
  squaredSum = saved[1];
  absoluteSum = saved[2];
  valueCount = static_cast<int64_t>(saved[3]);
  right = static_cast<int64_t>(saved[4]);
  auto tops = static_cast<size_t>(saved[5]);
  auto classes = static_cast<size_t>(saved[6]);
  if (saved.size() != 7 + tops + classes * classes)
    return;
  auto next = saved.begin() + 7;
  withinTop.assign(next, next + tops);
  next += tops;
  for (size_t c = 0; c < classes; ++c, next += classes)
    table.emplace_back(next, next + classes);
}
