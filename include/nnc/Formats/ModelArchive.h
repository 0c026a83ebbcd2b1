//===- ModelArchive.h - Trained models and checkpoints ----------*- C++ -*-===//
//
// An .nnm file: a zip archive of stored members, the weights mapped.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_FORMATS_MODELARCHIVE_H
#define NNC_FORMATS_MODELARCHIVE_H

#include "nnc/Formats/Safetensors.h"
#include "nnc/Formats/Zip.h"
#include "nnc/Support/Error.h"
#include <optional>
#include <span>
#include <string>

namespace nnc {

/// The format number that this nnc writes and reads.
inline constexpr int modelFormat = 1;

/// What goes into an archive; the tensors stay the caller's.
struct ModelContent {
  /// The model as nnc prints it.
  std::string model;
  /// A JSON object. The writer adds "format" (modelFormat) and "members" (an
  /// object: a member's name to its "size" and "crc32").
  std::string metadata = "{}";
  /// Parameters and states.
  std::span<const TensorView> weights;
  /// The rest of a checkpoint: optimiser state, sums, best weights.
  std::optional<std::span<const TensorView>> state;
};

/// Writes \p content to \p path as a whole or not at all: model.nn, weights-
/// .safetensors, state.safetensors if there is a state, metadata.json. The
/// bytes of the tensors begin at multiples of 64 bytes in the file. Errors:
/// fileWrite; malformedFile (tensor names twice, metadata that is no object).
Expected<void> writeModelArchive(const std::string &path,
                                 const ModelContent &content);

/// An archive opened for reading.
class ModelArchive {
public:
  /// Opens and checks all of \p path: checksums, format number, the members'
  /// records in the metadata. Errors: those of ZipReader and parseSafetensors,
  /// memberNotFound, formatVersion, malformedFile.
  static Expected<ModelArchive> open(const std::string &path);

  /// Whether the file begins like a zip archive; false if it cannot be read.
  static bool looksLikeOne(const std::string &path);

  const std::string &model() const { return modelText; }
  /// A JSON object nested at most 64 levels deep.
  const std::string &metadata() const { return metadataText; }
  /// Views into the mapped file; they live as long as the archive.
  const SafetensorsView &weights() const { return weightTensors; }
  /// Null if the archive is no checkpoint.
  const SafetensorsView *state() const {
    return stateTensors ? &*stateTensors : nullptr;
  }

private:
  explicit ModelArchive(ZipReader archive) : archive(std::move(archive)) {}

  ZipReader archive;
  std::string modelText;
  std::string metadataText;
  SafetensorsView weightTensors;
  std::optional<SafetensorsView> stateTensors;
};

} // namespace nnc

#endif // NNC_FORMATS_MODELARCHIVE_H
