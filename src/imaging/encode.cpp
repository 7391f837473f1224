#include <algorithm>
#include <cstddef>
#include <cstdio>

#include <jpeglib.h>
#include <png.h>

#include <csetjmp>
#include <cstdlib>

#include "imaging/decode.h"

namespace authx::imaging {
namespace {

struct Errors {
  jpeg_error_mgr base{};
  std::jmp_buf escape{};
};

[[noreturn]] void fail(j_common_ptr info) { std::longjmp(reinterpret_cast<Errors*>(info->err)->escape, 1); }

/// No object with a destructor lives in this frame: longjmp may leave it.
bool write_jpeg(const Image& image, int quality, unsigned char** data, unsigned long* size) {
  Errors errors;
  jpeg_compress_struct info{};
  info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = fail;
  errors.base.emit_message = [](j_common_ptr, int) {};
  errors.base.output_message = [](j_common_ptr) {};
  if (setjmp(errors.escape) != 0) {  // NOLINT(cert-err52-cpp): libjpeg's only way to report an error
    jpeg_destroy_compress(&info);
    return false;
  }
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, data, size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = image.channels;
  info.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_EXT_BGR;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(image.row(static_cast<int>(info.next_scanline)));  // libjpeg's API lacks const
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  return true;
}

}  // namespace

Result<Bytes> encode_jpeg(const Image& image, int quality) {
  if (image.empty()) return Error{Errc::internal, "encode_jpeg: empty image"};
  unsigned char* data = nullptr;
  unsigned long size = 0;
  const bool done = write_jpeg(image, std::clamp(quality, 1, 100), &data, &size);
  Bytes out;
  if (done) out.assign(data, data + size);
  std::free(data);  // NOLINT(*-no-malloc): libjpeg allocated it
  if (!done) return Error{Errc::internal, "encode_jpeg"};
  return out;
}

Result<Bytes> encode_png(const Image& image) {
  if (image.empty()) return Error{Errc::internal, "encode_png: empty image"};
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_BGR;
  png.flags = PNG_IMAGE_FLAG_FAST;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  Bytes out(size);
  const auto stride = static_cast<png_int_32>(image.stride());
  if (png_image_write_to_memory(&png, out.data(), &size, 0, image.pixels.data(), stride, nullptr) == 0)
    return Error{Errc::internal, png.message};
  out.resize(size);
  return out;
}

}  // namespace authx::imaging
