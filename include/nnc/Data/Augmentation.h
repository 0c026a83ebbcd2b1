//===- Augmentation.h - Training samples changed at random ------*- C++ -*-===//
//
// Flips, rotations, shifts, zooms and noise, afresh in each epoch; a pure
// function of seed, epoch and sample, whatever the batches are.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DATA_AUGMENTATION_H
#define NNC_DATA_AUGMENTATION_H

#include "nnc/Data/DataRequest.h"
#include "nnc/Data/Dataset.h"
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nnc {

/// Maps a place (row, column) of the new image to one of the old:
/// row' = m[0] row + m[1] column + m[2], column' = m[3] row + m[4] column +
/// m[5].
using ImageMap = std::array<double, 6>;

/// About the middle of a height x width image, \p degrees anticlockwise.
ImageMap rotationMap(int64_t height, int64_t width, double degrees);
/// Down by \p rows and to the right by \p columns pixels.
ImageMap shiftMap(double rows, double columns);
/// Larger by \p factor > 0, the middle stays.
ImageMap zoomMap(int64_t height, int64_t width, double factor);

/// \p out = \p in [height, width] under \p map, with linear interpolation; 0
/// where the place lies outside the old image (as SciPy's ndimage with order 1
/// and mode "constant").
template <typename T>
void mapImage(const T *in, T *out, int64_t height, int64_t width,
              const ImageMap &map);

/// Mirrors \p image [height, width] left and right, in place.
template <typename T> void flipImage(T *image, int64_t height, int64_t width);

/// The augmentations of a source, ready for the batches of one field.
class Augmenter {
public:
  /// Takes the augmentations among \p transforms. The field's samples are
  /// images [height, width], [channels, height, width] or of a square number
  /// of elements. Errors: transformInput (no floats, no images, an amount out
  /// of range).
  static Expected<Augmenter> create(std::span<const DataTransform> transforms,
                                    const Field &field);

  /// Whether there is nothing to do.
  bool empty() const { return steps.empty(); }

  /// Changes the samples \p indices, gathered at \p samples in the field's
  /// element type, in place. \p seed and \p epoch as in epochOrder.
  void apply(std::span<const int64_t> indices, uint64_t seed, int64_t epoch,
             std::byte *samples) const;

private:
  template <typename T>
  void applyTo(std::span<const int64_t> indices, uint64_t seed, int64_t epoch,
               T *samples) const;

  std::vector<DataTransform> steps;
  ElementType type = ElementType::f32;
  int64_t sampleSize = 0, channels = 1, height = 0, width = 0;
};

} // namespace nnc

#endif // NNC_DATA_AUGMENTATION_H
