# Finds minizip, the zip library that comes with zlib: target nnc-minizip.
find_path(Minizip_INCLUDE_DIR minizip/unzip.h)
find_library(Minizip_LIBRARY minizip)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Minizip
  REQUIRED_VARS Minizip_LIBRARY Minizip_INCLUDE_DIR)
mark_as_advanced(Minizip_INCLUDE_DIR Minizip_LIBRARY)
if(Minizip_FOUND AND NOT TARGET nnc-minizip)
  add_library(nnc-minizip INTERFACE)
  target_include_directories(nnc-minizip SYSTEM INTERFACE ${Minizip_INCLUDE_DIR})
  target_link_libraries(nnc-minizip INTERFACE ${Minizip_LIBRARY} ZLIB::ZLIB)
endif()
