//===- JITSession.h - Machine code in this process --------------*- C++ -*-===//

#ifndef NNC_EXECUTION_JITSESSION_H
#define NNC_EXECUTION_JITSESSION_H

#include "nnc/Execution/ObjectEmitter.h"
#include <memory>

namespace nnc {

/// Holds linked machine code; functions live as long as the session. Objects
/// see no symbol of the process. Not safe to change from two threads at once;
/// its functions may be called from any.
class JITSession {
public:
  /// Fails with `codeGeneration`.
  static Expected<std::unique_ptr<JITSession>> create();
  /// A session that holds \p objects. Fails as create and add.
  static Expected<std::unique_ptr<JITSession>>
  create(const std::vector<ObjectBytes> &objects);
  ~JITSession();

  /// Adds the bytes of an object. Fails with `codeGeneration` (not an object,
  /// a symbol defined twice).
  Expected<void> add(const ObjectBytes &object);

  /// The address of function \p name. Fails with `symbolNotFound` if no object
  /// defines it or something that it calls.
  Expected<void *> lookup(const std::string &name);

  template <typename Function>
  Expected<Function *> lookupAs(const std::string &name) {
    return lookup(name).map(
        [](void *address) { return reinterpret_cast<Function *>(address); });
  }

private:
  struct Implementation;
  explicit JITSession(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation;
};

} // namespace nnc

#endif // NNC_EXECUTION_JITSESSION_H
