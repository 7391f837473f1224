# Every outside library, found once. docs/dependencies.md says why each.
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(OpenSSL 3 REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(GTest REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
foreach(spec "sodium libsodium" "pq libpq" "sqlite sqlite3" "hiredis hiredis" "curl libcurl" "jpeg libjpeg" "png libpng"
             "webp libwebp" "webpdemux libwebpdemux" "tiff libtiff-4" "openjp2 libopenjp2" "poppler poppler-cpp" "tesseract tesseract"
             "lept lept" "zxing zxing" "zbar zbar" "xml2 libxml-2.0" "zlib zlib" "maxminddb libmaxminddb" "tomlplusplus tomlplusplus" "pangocairo pangocairo")
  separate_arguments(pair UNIX_COMMAND ${spec})
  list(GET pair 0 name)
  list(GET pair 1 module)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET GLOBAL ${module})
endforeach()
# FFmpeg's headers only: imaging/video_libav.cpp opens the libraries when the first such video comes.
pkg_check_modules(libav REQUIRED IMPORTED_TARGET GLOBAL libavformat libavcodec libavutil)
# Its -pthread differs from the flags of the precompiled header.
set_target_properties(PkgConfig::pangocairo PROPERTIES INTERFACE_COMPILE_OPTIONS "")
find_package(prometheus-cpp REQUIRED)

# OpenCV without imgcodecs and videoio: Debian's builds of those pull in GDAL and FFmpeg (139 shared libraries);
# untrusted images are decoded by imaging/ with limits of its own.
add_library(authx_opencv INTERFACE)
target_include_directories(authx_opencv SYSTEM INTERFACE /usr/include/opencv4)
target_link_libraries(authx_opencv INTERFACE opencv_core opencv_imgproc)
add_library(authx_opencv_dnn INTERFACE)
target_link_libraries(authx_opencv_dnn INTERFACE authx_opencv opencv_dnn)

# OpenVINO comes as a wheel that `./dev setup` unpacks. Its headers are compiled against and its folder is in the
# run path; the libraries are opened when the first model loads, so a process without models never maps them.
set(AUTHX_OPENVINO_DIR ${CMAKE_SOURCE_DIR}/.deps/openvino CACHE PATH "Unpacked OpenVINO wheel (the folder that holds include/ and libs/)")
file(GLOB openvino_lib ${AUTHX_OPENVINO_DIR}/libs/libopenvino_c.so.*)
if(openvino_lib)
  add_library(authx_openvino INTERFACE)
  target_include_directories(authx_openvino SYSTEM INTERFACE ${AUTHX_OPENVINO_DIR}/include)
  target_link_libraries(authx_openvino INTERFACE ${CMAKE_DL_LIBS})
  target_link_options(authx_openvino INTERFACE -Wl,-rpath,${AUTHX_OPENVINO_DIR}/libs)
else()
  message(STATUS "OpenVINO not found in ${AUTHX_OPENVINO_DIR}: inference falls back to OpenCV DNN")
endif()

add_library(authx_libav_headers INTERFACE)
target_include_directories(authx_libav_headers SYSTEM INTERFACE ${libav_INCLUDE_DIRS})
target_link_libraries(authx_libav_headers INTERFACE ${CMAKE_DL_LIBS})
