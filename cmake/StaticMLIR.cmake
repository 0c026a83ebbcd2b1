# nnc-mlir-static: MLIR and LLVM as archives, for the library that is opened at
# run time. Opening the shared ones costs 40 ms of symbol lookups and 50 MB, and
# they would have to be where nnc is installed.

file(GLOB mlir_archives ${LLVM_LIBRARY_DIRS}/libMLIR*.a)
list(FILTER mlir_archives EXCLUDE REGEX
     "(TableGen|Test|CAPI|Execution|MlirOpt|PDLL|Lsp|Reduce)")
# LLVMDTLTO: lld names it where it handles bitcode.
execute_process(
  COMMAND ${LLVM_TOOLS_BINARY_DIR}/llvm-config --link-static --libfiles
          x86 aarch64 codegen orcjit passes asmparser lto option
          windowsmanifest debuginfodwarf frontendopenmp
  OUTPUT_VARIABLE llvm_archives OUTPUT_STRIP_TRAILING_WHITESPACE
  COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(llvm_archives UNIX_COMMAND "${llvm_archives}")
list(FILTER llvm_archives EXCLUDE REGEX "Polly")
list(APPEND llvm_archives ${LLVM_LIBRARY_DIRS}/libLLVMDTLTO.a)
list(REMOVE_DUPLICATES llvm_archives)
if(NOT mlir_archives OR NOT EXISTS ${LLVM_LIBRARY_DIRS}/libLLVMDTLTO.a)
  message(FATAL_ERROR "no archives of MLIR and LLVM in ${LLVM_LIBRARY_DIRS}")
endif()

# lld initialises every target that LLVM was built with. Those that nnc does not
# generate code for are initialised by functions that do nothing.
set(unused "")
foreach(pair "Targets.def;LLVM_TARGET;Target,TargetInfo,TargetMC"
             "AsmPrinters.def;LLVM_ASM_PRINTER;AsmPrinter"
             "AsmParsers.def;LLVM_ASM_PARSER;AsmParser")
  list(GET pair 0 file)
  list(GET pair 1 macro)
  list(GET pair 2 parts)
  string(REPLACE "," ";" parts ${parts})
  file(STRINGS ${LLVM_INCLUDE_DIR}/llvm/Config/${file} rows
       REGEX "^${macro}\\([A-Za-z0-9]+\\)")
  foreach(row ${rows})
    string(REGEX REPLACE "^${macro}\\(([A-Za-z0-9]+)\\).*" "\\1" target ${row})
    if(NOT target MATCHES "^(X86|AArch64)$")
      foreach(part ${parts})
        string(APPEND unused
               "extern \"C\" void LLVMInitialize${target}${part}() {}\n")
      endforeach()
    endif()
  endforeach()
endforeach()
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/UnusedTargets.cpp
     CONTENT "${unused}" @ONLY)
add_library(nnc-unused-targets STATIC ${PROJECT_BINARY_DIR}/UnusedTargets.cpp)

# The symbol of Polly, too, is named only where lld handles bitcode.
add_library(nnc-mlir-static INTERFACE)
target_link_libraries(nnc-mlir-static INTERFACE
  -Wl,--start-group ${mlir_archives} ${llvm_archives} nnc-unused-targets
  -Wl,--end-group -Wl,--defsym=_Z18getPollyPluginInfov=0
  -Wl,--gc-sections ZLIB::ZLIB ${NNC_ZSTD})
