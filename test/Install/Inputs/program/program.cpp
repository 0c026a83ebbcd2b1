#include <cstdio>
#include <nnc/nnc.h>

int main() {
  nnc::Graph graph("digits");
  nnc::Tensor image = graph.input("image", {nnc::batch, 64});
  nnc::Tensor hidden = nnc::dense(image, 128, {.activation = nnc::relu});
  nnc::Tensor logits = nnc::dense(nnc::dropout(hidden, {.rate = 0.2}), 10);
  std::printf("nnc %s: %s\n", nnc::version(), logits.str().c_str());
  return graph.error() ? 1 : 0;
}
