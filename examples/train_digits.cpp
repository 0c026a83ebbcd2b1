//===- train_digits.cpp - Training a network from C++ ---------------------===//
//
// find_package(nnc); target_link_libraries(... nnc::nnc)
//
//===----------------------------------------------------------------------===//

#include <cstdio>
#include <nnc/nnc.h>

static constexpr const char *text = R"(
model digits(image: f32[batch, 64]) -> (logits: f32[batch, 10]) {
  hidden = dense(image, 128, activation = relu)
  return dense(dropout(hidden, rate = 0.2), 10)
}
)";

static nnc::Expected<void> run() {
  nnc::Expected<nnc::Model> model = nnc::Model::fromText(text);
  if (!model)
    return nnc::fail(model.error());
  nnc::Expected<nnc::DataSource> data = nnc::load("digits");
  if (!data)
    return nnc::fail(data.error());

  nnc::Expected<nnc::History> history =
      model->train(data->train, {.loss = "softmax_cross_entropy",
                                 .optimizer = "adam(learning_rate = 1e-3)",
                                 .metrics = {"accuracy"},
                                 .batchSize = 32,
                                 .epochs = 30,
                                 .seed = 1,
                                 .validation = data->test});
  if (!history)
    return nnc::fail(history.error());
  for (const auto &[name, value] : history->epochs.back().figures)
    std::printf("%s %.4f\n", name.c_str(), value);

  nnc::Expected<nnc::Evaluation> scores = model->evaluate(*data->test);
  if (!scores)
    return nnc::fail(scores.error());
  std::printf("test samples %ld, accuracy %.4f\n",
              static_cast<long>(scores->samples),
              scores->metrics.front().second);
  return model->save("digits.nnm");
}

int main() {
  nnc::Expected<void> done = run();
  if (!done)
    std::fputs(nnc::render(done.error()).c_str(), stderr);
  return done ? 0 : 1;
}
