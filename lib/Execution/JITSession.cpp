//===- JITSession.cpp - Machine code in this process ----------------------===//

#include "nnc/Execution/JITSession.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"

using namespace nnc;

struct JITSession::Implementation {
  std::unique_ptr<llvm::orc::LLJIT> jit;
  /// Numbers the objects, whose names must differ.
  unsigned objects = 0;
};

JITSession::JITSession(std::unique_ptr<Implementation> implementation)
    : implementation(std::move(implementation)) {}
JITSession::~JITSession() = default;

Expected<std::unique_ptr<JITSession>> JITSession::create() {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto jit = llvm::orc::LLJITBuilder()
                 .setLinkProcessSymbolsByDefault(false)
                 .setPlatformSetUp(llvm::orc::setUpInactivePlatform)
                 .create();
  if (!jit)
    return fail(ErrorCode::codeGeneration, llvm::toString(jit.takeError()));
  // Errors come back from lookup; nothing is printed.
  (*jit)->getExecutionSession().setErrorReporter(
      [](llvm::Error error) { llvm::consumeError(std::move(error)); });
  auto implementation = std::make_unique<Implementation>();
  implementation->jit = std::move(*jit);
  return std::unique_ptr<JITSession>(new JITSession(std::move(implementation)));
}

Expected<std::unique_ptr<JITSession>>
JITSession::create(const std::vector<ObjectBytes> &objects) {
  auto session = create();
  if (!session)
    return session;
  for (const ObjectBytes &object : objects)
    if (auto added = (*session)->add(object); !added)
      return fail(std::move(added).error());
  return session;
}

Expected<void> JITSession::add(const ObjectBytes &object) {
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(
      object, "nnc." + std::to_string(implementation->objects++) + ".o");
  if (llvm::Error error = implementation->jit->addObjectFile(std::move(buffer)))
    return fail(ErrorCode::codeGeneration, llvm::toString(std::move(error)));
  return {};
}

Expected<void *> JITSession::lookup(const std::string &name) {
  auto address = implementation->jit->lookup(name);
  if (!address)
    return fail(ErrorCode::symbolNotFound, name,
                llvm::toString(address.takeError()));
  return address->toPtr<void *>();
}
