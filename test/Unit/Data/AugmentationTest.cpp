//===- AugmentationTest.cpp - Training samples changed at random ----------===//

#include "nnc/Data/Augmentation.h"
#include "../Formats/TestFolder.h"
#include "nnc/Formats/Npy.h"
#include <cmath>

using namespace nnc;
using namespace nnc::test;
using Kind = DataTransform::Kind;

/// An image of distinct values.
static Array picture(int64_t height, int64_t width) {
  Array image(ElementType::f64, {height, width});
  for (int64_t i = 0; i < image.size(); ++i)
    image.span<double>()[i] = std::sin(static_cast<double>(i * i)) + 2;
  return image;
}

static Array mapped(const Array &image, const ImageMap &map) {
  Array out(image.type(), image.shape());
  mapImage(image.span<double>().data(), out.span<double>().data(),
           image.shape()[0], image.shape()[1], map);
  return out;
}

TEST(ImageMap, NeutralAmountsChangeNothing) {
  Array image = picture(7, 10);
  EXPECT_TRUE(mapped(image, rotationMap(7, 10, 0)) == image);
  EXPECT_TRUE(mapped(image, shiftMap(0, 0)) == image);
  EXPECT_TRUE(mapped(image, zoomMap(7, 10, 1)) == image);
  Array twice = image;
  flipImage(twice.span<double>().data(), 7, 10);
  EXPECT_FALSE(twice == image);
  EXPECT_EQ(twice.at(0), image.at(9));
  flipImage(twice.span<double>().data(), 7, 10);
  EXPECT_TRUE(twice == image);
}

TEST(ImageMap, WholeShiftsMovePixels) {
  Array image = picture(3, 4);
  Array moved = mapped(image, shiftMap(1, -2));
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 4; ++j)
      EXPECT_EQ(moved.at(i * 4 + j),
                i >= 1 && j + 2 < 4 ? image.at((i - 1) * 4 + j + 2) : 0);
}

TEST(ImageMap, EqualsSciPy) {
  TestFolder folder;
  Array image = picture(9, 12);
  std::vector<NamedArray> arrays = {
      {"image", image},
      {"rotated", mapped(image, rotationMap(9, 12, 15))},
      {"turned", mapped(image, rotationMap(9, 12, -100.5))},
      {"shifted", mapped(image, shiftMap(1.25, -2.5))},
      {"larger", mapped(image, zoomMap(9, 12, 1.3))},
      {"smaller", mapped(image, zoomMap(9, 12, 0.7))}};
  ASSERT_TRUE(writeNpz(folder.path("a.npz"), arrays));
  // Both compute in double precision; 1e-12 leaves room for the order of sums.
  NNC_RUN_PYTHON(folder, "numpy, scipy.ndimage", R"(
import numpy as np
from scipy import ndimage
a = np.load("a.npz")
x = a["image"]
def same(name, y):
  assert np.abs(a[name] - y).max() < 1e-12, name
same("rotated", ndimage.rotate(x, 15, reshape=False, order=1))
same("turned", ndimage.rotate(x, -100.5, reshape=False, order=1))
same("shifted", ndimage.shift(x, (1.25, -2.5), order=1))
middle = (np.array(x.shape) - 1) / 2
for name, z in (("larger", 1.3), ("smaller", 0.7)):
  same(name, ndimage.affine_transform(x, [1 / z, 1 / z], middle - middle / z,
                                      order=1))
)");
}

static Field images(int64_t samples) {
  return Field::make("image", Array(ElementType::f32, {samples, 2, 5, 4}));
}

static std::vector<float> augmented(const Augmenter &augmenter,
                                    std::vector<int64_t> indices, uint64_t seed,
                                    int64_t epoch) {
  std::vector<float> batch(indices.size() * 40);
  for (size_t i = 0; i < batch.size(); ++i)
    batch[i] = static_cast<float>(i % 40);
  augmenter.apply(indices, seed, epoch,
                  reinterpret_cast<std::byte *>(batch.data()));
  return batch;
}

TEST(Augmenter, IsAFunctionOfSeedEpochAndSample) {
  std::vector<DataTransform> all = {{Kind::flip, 0.5},  {Kind::rotate, 20},
                                    {Kind::shift, 0.2}, {Kind::zoom, 0.1},
                                    {Kind::noise, 0.1}, {Kind::oneHot, 0}};
  Augmenter augmenter = expectValue(Augmenter::create(all, images(9)));
  std::vector<float> both = augmented(augmenter, {7, 3}, 1, 0);
  std::vector<float> one = augmented(augmenter, {3}, 1, 0);
  EXPECT_TRUE(std::equal(one.begin(), one.end(), both.begin() + 40));
  EXPECT_FALSE(std::equal(one.begin(), one.end(), both.begin()));
  EXPECT_NE(augmented(augmenter, {3}, 1, 1), one);
  EXPECT_NE(augmented(augmenter, {3}, 2, 0), one);
}

TEST(Augmenter, FlipsItsShare) {
  std::vector<DataTransform> flips = {{Kind::flip, 0.25}};
  Augmenter augmenter = expectValue(Augmenter::create(flips, images(9)));
  int flipped = 0;
  for (int64_t epoch = 0; epoch < 2000; ++epoch) {
    std::vector<float> batch = augmented(augmenter, {0}, 5, epoch);
    ASSERT_TRUE((batch[0] == 0 && batch[20] == 20) ||
                (batch[0] == 3 && batch[20] == 23));
    flipped += batch[0] == 3;
  }
  // Five standard deviations of a binomial count are 97.
  EXPECT_NEAR(flipped, 500, 97);
}

TEST(Augmenter, NoiseHasItsDeviation) {
  std::vector<DataTransform> noise = {{Kind::noise, 0.5}};
  Augmenter augmenter = expectValue(Augmenter::create(noise, images(9)));
  double sum = 0, squares = 0;
  for (int64_t epoch = 0; epoch < 500; ++epoch) {
    std::vector<float> batch = augmented(augmenter, {0}, 0, epoch);
    for (size_t i = 0; i < batch.size(); ++i) {
      double away = batch[i] - static_cast<double>(i);
      sum += away;
      squares += away * away;
    }
  }
  // 20,000 draws; five standard errors.
  EXPECT_NEAR(sum / 20000, 0, 0.0177);
  EXPECT_NEAR(squares / 20000, 0.25, 0.0125);
}

TEST(Augmenter, ChecksFieldsAndAmounts) {
  auto create = [](Kind kind, double amount, Array array) {
    std::vector<DataTransform> transforms = {{kind, amount}};
    return Augmenter::create(transforms, Field::make("x", std::move(array)));
  };
  Array square(ElementType::f32, {1, 64});
  EXPECT_TRUE(create(Kind::rotate, 15, square));
  EXPECT_TRUE(create(Kind::noise, 1, Array(ElementType::f64, {1, 3})));
  expectError(create(Kind::rotate, 15, Array(ElementType::f32, {1, 63})),
              ErrorCode::transformInput);
  expectError(create(Kind::flip, 1, Array(ElementType::i32, {1, 8, 8})),
              ErrorCode::transformInput);
  expectError(create(Kind::flip, 1.5, square), ErrorCode::transformInput);
  expectError(create(Kind::rotate, 181, square), ErrorCode::transformInput);
  expectError(create(Kind::shift, -1, square), ErrorCode::transformInput);
  expectError(create(Kind::zoom, 1, square), ErrorCode::transformInput);
  expectError(create(Kind::noise, std::nan(""), square),
              ErrorCode::transformInput);
}
