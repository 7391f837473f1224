#include "imaging/jpeg_blocks.h"

#include <csetjmp>
#include <cstddef>
#include <cstdio>

#include <jpeglib.h>

#include "imaging/container.h"

namespace authx::imaging {
namespace {

struct Errors {
  jpeg_error_mgr base{};
  std::jmp_buf escape{};
};

[[noreturn]] void fail(j_common_ptr info) { std::longjmp(reinterpret_cast<Errors*>(info->err)->escape, 1); }
void warn(j_common_ptr info, int level) {
  if (level < 0) ++info->err->num_warnings;
}
void silent(j_common_ptr) {}

/// Row times eight plus column of the first coefficients in zigzag order.
constexpr std::array<int, JpegBlocks::kKept> kNatural{0, 1, 8, 16, 9, 2, 3, 10, 17, 24};

bool copy_row(const JBLOCK* from, int columns, JpegBlocks::Block* to) {
  for (int x = 0; x < columns; ++x) {
    const JCOEF* c = from[x];
    for (std::size_t k = 0; k < kNatural.size(); ++k) to[x].quantised[k] = c[kNatural[k]];
    to[x].flat = true;
    for (int i = 1; i < DCTSIZE2; ++i) {
      if (c[i] != 0) {
        to[x].flat = false;
        break;
      }
    }
  }
  return true;
}

// Nothing with a destructor lives here: libjpeg leaves by longjmp.
bool read_into(BytesView file, Errors& errors, jpeg_decompress_struct& info, std::int64_t max_pixels, JpegBlocks& out) {
  if (setjmp(errors.escape) != 0) {  // NOLINT(cert-err52-cpp): libjpeg's only way to report an error
    jpeg_destroy_decompress(&info);
    return false;
  }
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, file.data(), static_cast<unsigned long>(file.size()));
  jpeg_read_header(&info, TRUE);
  if (static_cast<std::int64_t>(info.image_width) * info.image_height > max_pixels) {
    jpeg_destroy_decompress(&info);
    return false;
  }
  jvirt_barray_ptr* arrays = jpeg_read_coefficients(&info);
  const jpeg_component_info& luma = info.comp_info[0];
  const JQUANT_TBL* table = luma.quant_table;
  // A luminance that is coarser than the picture has no block for each 8x8 pixels.
  if (table == nullptr || luma.h_samp_factor != info.max_h_samp_factor || luma.v_samp_factor != info.max_v_samp_factor) {
    jpeg_destroy_decompress(&info);
    return false;
  }
  for (std::size_t k = 0; k < kNatural.size(); ++k) out.step[k] = table->quantval[kNatural[k]];
  out.width = static_cast<int>(info.image_width);
  out.height = static_cast<int>(info.image_height);
  out.columns = static_cast<int>(luma.width_in_blocks);
  out.rows = static_cast<int>(luma.height_in_blocks);
  out.blocks.resize(static_cast<std::size_t>(out.columns) * static_cast<std::size_t>(out.rows));
  for (int y = 0; y < out.rows; ++y) {
    JBLOCKARRAY row = info.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&info), arrays[0], static_cast<JDIMENSION>(y), 1, FALSE);
    copy_row(row[0], out.columns, out.blocks.data() + static_cast<std::ptrdiff_t>(y) * out.columns);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return true;
}

}  // namespace

std::optional<Box> JpegBlocks::stored(const Box& b) const {
  switch (orientation) {
    case 1: return b;
    case 3: return Box{width - b.x - b.width, height - b.y - b.height, b.width, b.height};
    case 6: return Box{b.y, height - b.x - b.width, b.height, b.width};
    case 8: return Box{width - b.y - b.height, b.x, b.height, b.width};
    default: return std::nullopt;
  }
}

std::optional<Box> JpegBlocks::shown(const Box& b) const {
  switch (orientation) {
    case 1: return b;
    case 3: return Box{width - b.x - b.width, height - b.y - b.height, b.width, b.height};
    case 6: return Box{height - b.y - b.height, b.x, b.height, b.width};
    case 8: return Box{b.y, width - b.x - b.width, b.height, b.width};
    default: return std::nullopt;
  }
}

std::optional<JpegBlocks> read_jpeg_blocks(BytesView file, std::int64_t max_pixels) {
  if (detail::sniff(file) != FileFormat::jpeg) return std::nullopt;
  JpegBlocks out;
  Errors errors;
  jpeg_decompress_struct info{};
  info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = fail;
  errors.base.emit_message = warn;
  errors.base.output_message = silent;
  if (!read_into(file, errors, info, max_pixels, out)) return std::nullopt;
  DecodeLimits limits;
  limits.max_bytes = file.size();
  if (const auto layout = detail::walk(file, limits)) out.orientation = layout->orientation;
  return out;
}

}  // namespace authx::imaging
