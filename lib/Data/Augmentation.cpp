//===- Augmentation.cpp - Training samples changed at random --------------===//

#include "nnc/Data/Augmentation.h"
#include "nnc/Support/Philox.h"
#include <algorithm>
#include <cmath>

using namespace nnc;

//===----------------------------------------------------------------------===//
// Images
//===----------------------------------------------------------------------===//

/// The linear map \p a, \p b, \p c, \p d about the middle of the image.
static ImageMap aboutMiddle(int64_t height, int64_t width, double a, double b,
                            double c, double d) {
  double row = static_cast<double>(height - 1) / 2;
  double column = static_cast<double>(width - 1) / 2;
  return {a, b, row - (a * row + b * column),
          c, d, column - (c * row + d * column)};
}

ImageMap nnc::rotationMap(int64_t height, int64_t width, double degrees) {
  double angle = degrees * std::numbers::pi / 180;
  double cosine = std::cos(angle), sine = std::sin(angle);
  return aboutMiddle(height, width, cosine, sine, -sine, cosine);
}

ImageMap nnc::shiftMap(double rows, double columns) {
  return {1, 0, -rows, 0, 1, -columns};
}

ImageMap nnc::zoomMap(int64_t height, int64_t width, double factor) {
  return aboutMiddle(height, width, 1 / factor, 0, 0, 1 / factor);
}

template <typename T>
void nnc::mapImage(const T *in, T *out, int64_t height, int64_t width,
                   const ImageMap &map) {
  double lastRow = static_cast<double>(height - 1);
  double lastColumn = static_cast<double>(width - 1);
  for (int64_t i = 0; i < height; ++i)
    for (int64_t j = 0; j < width; ++j) {
      double r = static_cast<double>(i), c = static_cast<double>(j);
      double row = map[0] * r + map[1] * c + map[2];
      double column = map[3] * r + map[4] * c + map[5];
      T &pixel = out[i * width + j];
      if (!(row >= 0 && row <= lastRow && column >= 0 &&
            column <= lastColumn)) {
        pixel = 0;
        continue;
      }
      int64_t top = static_cast<int64_t>(row);
      int64_t left = static_cast<int64_t>(column);
      int64_t bottom = std::min(top + 1, height - 1);
      int64_t right = std::min(left + 1, width - 1);
      double down = row - static_cast<double>(top);
      double over = column - static_cast<double>(left);
      auto at = [&](int64_t y, int64_t x) {
        return static_cast<double>(in[y * width + x]);
      };
      pixel = static_cast<T>(
          (1 - down) * ((1 - over) * at(top, left) + over * at(top, right)) +
          down * ((1 - over) * at(bottom, left) + over * at(bottom, right)));
    }
}

template <typename T>
void nnc::flipImage(T *image, int64_t height, int64_t width) {
  for (int64_t row = 0; row < height; ++row)
    std::reverse(image + row * width, image + (row + 1) * width);
}

template void nnc::mapImage(const float *, float *, int64_t, int64_t,
                            const ImageMap &);
template void nnc::mapImage(const double *, double *, int64_t, int64_t,
                            const ImageMap &);
template void nnc::flipImage(float *, int64_t, int64_t);
template void nnc::flipImage(double *, int64_t, int64_t);

//===----------------------------------------------------------------------===//
// Augmenter
//===----------------------------------------------------------------------===//

/// What the amount of \p kind must be; null if \p amount is that.
static const char *amountProblem(DataTransform::Kind kind, double amount) {
  switch (kind) {
  case DataTransform::Kind::flip:
    return amount >= 0 && amount <= 1 ? nullptr : "a probability from 0 to 1";
  case DataTransform::Kind::rotate:
    return amount >= 0 && amount <= 180 ? nullptr : "degrees from 0 to 180";
  case DataTransform::Kind::shift:
    return amount >= 0 && amount <= 1 ? nullptr : "a share from 0 to 1";
  case DataTransform::Kind::zoom:
    return amount >= 0 && amount < 1 ? nullptr
                                     : "a share from 0 to less than 1";
  default:
    return amount >= 0 && std::isfinite(amount)
               ? nullptr
               : "a standard deviation of at least 0";
  }
}

Expected<Augmenter> Augmenter::create(std::span<const DataTransform> transforms,
                                      const Field &field) {
  Augmenter result;
  result.type = field.type;
  result.sampleSize = field.sampleSize();
  const std::vector<int64_t> &shape = field.sampleShape;
  int64_t side =
      std::llround(std::sqrt(static_cast<double>(field.sampleSize())));
  bool image = true;
  if (shape.size() == 2 || shape.size() == 3) {
    result.channels = shape.size() == 3 ? shape[0] : 1;
    result.height = shape[shape.size() - 2];
    result.width = shape.back();
  } else {
    image = shape.size() == 1 && side * side == shape[0];
    result.height = result.width = side;
  }
  for (const DataTransform &transform : transforms) {
    if (!transform.isAugmentation())
      continue;
    std::string name(nameOf(transform.kind));
    if (const char *expected = amountProblem(transform.kind, transform.amount))
      return fail(ErrorCode::transformInput, name, expected, transform.amount);
    bool needsImage = transform.kind != DataTransform::Kind::noise;
    bool isFloat =
        field.type == ElementType::f32 || field.type == ElementType::f64;
    if (!isFloat || field.isRagged() || (needsImage && !image))
      return fail(ErrorCode::transformInput, name,
                  needsImage ? "images of floats" : "floats",
                  fmt::format("{}{}", nameOf(field.type), toString(shape)));
    result.steps.push_back(transform);
  }
  return result;
}

void Augmenter::apply(std::span<const int64_t> indices, uint64_t seed,
                      int64_t epoch, std::byte *samples) const {
  if (type == ElementType::f32)
    applyTo(indices, seed, epoch, reinterpret_cast<float *>(samples));
  else
    applyTo(indices, seed, epoch, reinterpret_cast<double *>(samples));
}

template <typename T>
void Augmenter::applyTo(std::span<const int64_t> indices, uint64_t seed,
                        int64_t epoch, T *samples) const {
  if (empty())
    return;
  std::vector<T> copy(height * width);
  for (int64_t index : indices) {
    RandomStream stream(seed, RandomPurpose::augmentation,
                        static_cast<uint32_t>(epoch),
                        static_cast<uint32_t>(index));
    // From -1 to 1.
    auto either = [&] { return 2.0 * stream.uniform() - 1; };
    auto map = [&](const ImageMap &by) {
      for (int64_t channel = 0; channel < channels; ++channel) {
        T *plane = samples + channel * height * width;
        std::copy_n(plane, height * width, copy.begin());
        mapImage(copy.data(), plane, height, width, by);
      }
    };
    for (const DataTransform &step : steps) {
      switch (step.kind) {
      case DataTransform::Kind::flip:
        if (stream.uniform() < step.amount)
          flipImage(samples, channels * height, width);
        break;
      case DataTransform::Kind::rotate:
        map(rotationMap(height, width, either() * step.amount));
        break;
      case DataTransform::Kind::shift: {
        double rows = either() * step.amount * static_cast<double>(height);
        double columns = either() * step.amount * static_cast<double>(width);
        map(shiftMap(rows, columns));
        break;
      }
      case DataTransform::Kind::zoom:
        map(zoomMap(height, width, 1 + either() * step.amount));
        break;
      default:
        for (int64_t i = 0; i < sampleSize; ++i)
          samples[i] += static_cast<T>(step.amount * stream.normal());
        break;
      }
    }
    samples += sampleSize;
  }
}
