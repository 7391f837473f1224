#include "imaging/decode.h"

#include <fmt/format.h>
#include <openjpeg.h>
#include <png.h>
#include <poppler-document.h>
#include <poppler-global.h>
#include <poppler-page-renderer.h>
#include <poppler-page.h>
#include <tiffio.h>
#include <webp/decode.h>

#include <bit>
#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <jerror.h>
#include <jpeglib.h>

#include "imaging/container.h"
#include "imaging/mat.h"

namespace authx::imaging {
namespace {

using detail::Layout;
using detail::refuse;

Error damaged() { return refuse("the image is damaged or truncated"); }

Image orient(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const cv::Mat in = as_mat(image);
  cv::Mat out;
  switch (orientation) {
    case 2: cv::flip(in, out, 1); break;
    case 3: cv::rotate(in, out, cv::ROTATE_180); break;
    case 4: cv::flip(in, out, 0); break;
    case 5: cv::transpose(in, out); break;
    case 6: cv::rotate(in, out, cv::ROTATE_90_CLOCKWISE); break;
    case 7:
      cv::transpose(in, out);
      cv::rotate(out, out, cv::ROTATE_180);
      break;
    default: cv::rotate(in, out, cv::ROTATE_90_COUNTERCLOCKWISE); break;
  }
  return from_mat(out);
}

// --- JPEG ---------------------------------------------------------------------------------------

struct JpegErrors {
  jpeg_error_mgr base{};
  std::jmp_buf escape{};
  bool damaged = false;
};

[[noreturn]] void jpeg_fail(j_common_ptr info) { std::longjmp(reinterpret_cast<JpegErrors*>(info->err)->escape, 1); }

void jpeg_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  switch (info->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR: break;
    default: errors->damaged = true;
  }
}

void jpeg_silent(j_common_ptr) {}

/// Holds only what longjmp may skip: no object with a destructor lives in this frame.
enum class JpegStep { ok, failed, damaged, timeout, no_space };

JpegStep read_jpeg(BytesView file, const Layout& layout, unsigned shrink, const Deadline& deadline, Image& out, bool& cmyk,
                   bool& inverted) {
  JpegErrors errors;
  jpeg_decompress_struct info{};
  info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = jpeg_fail;
  errors.base.emit_message = jpeg_message;
  errors.base.output_message = jpeg_silent;
  if (setjmp(errors.escape) != 0) {  // NOLINT(cert-err52-cpp): libjpeg's only way to report an error
    jpeg_destroy_decompress(&info);
    return JpegStep::failed;
  }
  jpeg_create_decompress(&info);
  info.mem->max_memory_to_use = 512L << 20;
  jpeg_mem_src(&info, file.data(), static_cast<unsigned long>(file.size()));
  jpeg_read_header(&info, TRUE);
  if (static_cast<int>(info.image_width) != layout.width || static_cast<int>(info.image_height) != layout.height) {
    jpeg_destroy_decompress(&info);
    return JpegStep::failed;
  }
  cmyk = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  inverted = info.saw_Adobe_marker != FALSE;
  const int channels = info.jpeg_color_space == JCS_GRAYSCALE ? 1 : 3;
  info.out_color_space = cmyk ? JCS_CMYK : (channels == 1 ? JCS_GRAYSCALE : JCS_EXT_BGR);
  info.dct_method = JDCT_ISLOW;
  info.scale_num = 1;
  info.scale_denom = shrink;
  jpeg_start_decompress(&info);
  const std::size_t stride = std::size_t{info.output_width} * static_cast<std::size_t>(info.output_components);
  if (out.pixels.size() < stride * info.output_height) {
    jpeg_destroy_decompress(&info);
    return JpegStep::no_space;
  }
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = out.pixels.data() + stride * info.output_scanline;
    jpeg_read_scanlines(&info, &row, 1);
    if ((info.output_scanline & 255U) == 0 && deadline.passed()) {
      jpeg_destroy_decompress(&info);
      return JpegStep::timeout;
    }
  }
  jpeg_finish_decompress(&info);
  out.width = static_cast<int>(info.output_width);
  out.height = static_cast<int>(info.output_height);
  out.channels = info.output_components;
  jpeg_destroy_decompress(&info);
  return errors.damaged ? JpegStep::damaged : JpegStep::ok;
}

Result<Image> decode_jpeg(BytesView file, const Layout& layout, int enough_side, const Deadline& deadline) {
  unsigned shrink = 1;
  const auto longest = static_cast<unsigned>(std::max(layout.width, layout.height));
  while (enough_side > 0 && shrink < 8 && longest / (2 * shrink) >= static_cast<unsigned>(enough_side)) shrink *= 2;
  const auto side = [shrink](int full) { return (static_cast<std::size_t>(full) + shrink - 1) / shrink; };
  Image out;
  out.pixels.resize(side(layout.width) * side(layout.height) * 4);
  bool cmyk = false;
  bool inverted = false;
  switch (read_jpeg(file, layout, shrink, deadline, out, cmyk, inverted)) {
    case JpegStep::ok: break;
    case JpegStep::timeout: return Errc::request_timeout;
    default: return damaged();
  }
  if (cmyk) {
    Image bgr(out.width, out.height, 3);
    for (std::size_t i = 0, n = bgr.pixels.size() / 3; i < n; ++i) {
      const std::uint8_t* p = out.pixels.data() + i * 4;
      for (std::size_t c = 0; c < 3; ++c) {
        // Adobe writes the inks inverted: 255 is no ink.
        const int ink = inverted ? p[c] : 255 - p[c];
        const int key = inverted ? p[3] : 255 - p[3];
        bgr.pixels[i * 3 + 2 - c] = static_cast<std::uint8_t>(ink * key / 255);
      }
    }
    return bgr;
  }
  out.pixels.resize(out.stride() * static_cast<std::size_t>(out.height));
  return out;
}

// --- PNG ----------------------------------------------------------------------------------------

Result<Image> decode_png(BytesView file, const Layout& layout) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  struct Free {
    png_image* p;
    ~Free() { png_image_free(p); }
  } guard{&png};
  if (png_image_begin_read_from_memory(&png, file.data(), file.size()) == 0) return damaged();
  if (static_cast<int>(png.width) != layout.width || static_cast<int>(png.height) != layout.height) return damaged();
  const bool color = (png.format & PNG_FORMAT_FLAG_COLOR) != 0;
  png.format = color ? PNG_FORMAT_BGR : PNG_FORMAT_GRAY;
  Image out(layout.width, layout.height, color ? 3 : 1);
  const png_color white{255, 255, 255};
  if (png_image_finish_read(&png, &white, out.pixels.data(), static_cast<png_int_32>(out.stride()), nullptr) == 0) return damaged();
  if (png.warning_or_error > 1) return damaged();
  return out;
}

// --- WebP ---------------------------------------------------------------------------------------

Result<Image> decode_webp(BytesView file, const Layout& layout) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(file.data(), file.size(), &features) != VP8_STATUS_OK) return damaged();
  if (features.width != layout.width || features.height != layout.height || features.has_animation != 0) return damaged();
  if (features.has_alpha == 0) {
    Image out(layout.width, layout.height, 3);
    if (WebPDecodeBGRInto(file.data(), file.size(), out.pixels.data(), out.pixels.size(), static_cast<int>(out.stride())) == nullptr)
      return damaged();
    return out;
  }
  cv::Mat bgra(layout.height, layout.width, CV_8UC4);
  if (WebPDecodeBGRAInto(file.data(), file.size(), bgra.data, bgra.total() * 4, static_cast<int>(bgra.step)) == nullptr) return damaged();
  return from_mat(bgra);
}

// --- TIFF ---------------------------------------------------------------------------------------

struct TiffMemory {
  BytesView data;
  std::size_t at = 0;

  static tmsize_t read(thandle_t h, void* to, tmsize_t n) {
    auto& m = *static_cast<TiffMemory*>(h);
    const std::size_t count = m.at >= m.data.size() ? 0 : std::min(static_cast<std::size_t>(n), m.data.size() - m.at);
    std::memcpy(to, m.data.data() + m.at, count);
    m.at += count;
    return static_cast<tmsize_t>(count);
  }
  static tmsize_t write(thandle_t, void*, tmsize_t) { return 0; }
  static toff_t seek(thandle_t h, toff_t offset, int whence) {
    auto& m = *static_cast<TiffMemory*>(h);
    const toff_t base = whence == SEEK_CUR ? m.at : whence == SEEK_END ? m.data.size() : 0;
    m.at = static_cast<std::size_t>(base + offset);
    return m.at;
  }
  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t h) { return static_cast<TiffMemory*>(h)->data.size(); }
  static int silent(TIFF*, void*, const char*, const char*, va_list) { return 1; }
};

Result<std::vector<Image>> decode_tiff(BytesView file, const DecodeLimits& limits, const Deadline& deadline) {
  TiffMemory memory{file};
  const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options{TIFFOpenOptionsAlloc(), &TIFFOpenOptionsFree};
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), &TiffMemory::silent, nullptr);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), &TiffMemory::silent, nullptr);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), 256 << 20);
  const std::unique_ptr<TIFF, decltype(&TIFFClose)> tiff{
      TIFFClientOpenExt("memory", "rm", &memory, &TiffMemory::read, &TiffMemory::write, &TiffMemory::seek, &TiffMemory::close,
                        &TiffMemory::size, nullptr, nullptr, options.get()),
      &TIFFClose};
  if (!tiff) return damaged();
  std::vector<Image> pages;
  do {
    if (deadline.passed()) return Errc::request_timeout;
    if (static_cast<int>(pages.size()) >= limits.max_pages) return refuse(fmt::format("the file has more than {} pages", limits.max_pages));
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &height);
    AX_CHECK(detail::check_size(width, height, limits));
    std::uint16_t orientation = 1;
    TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_ORIENTATION, &orientation);
    std::uint16_t per_pixel = 1;
    TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_SAMPLESPERPIXEL, &per_pixel);
    // Reading "as stored" and turning here keeps one meaning of orientation for all formats.
    std::vector<std::uint32_t> raster(std::size_t{width} * height);
    if (TIFFReadRGBAImageOriented(tiff.get(), width, height, raster.data(), orientation <= 8 && orientation >= 1 ? orientation : 1, 1) == 0)
      return damaged();
    cv::Mat rgba(static_cast<int>(height), static_cast<int>(width), CV_8UC4, raster.data());
    cv::Mat bgra;
    cv::cvtColor(rgba, bgra, cv::COLOR_RGBA2BGRA);
    Image page = from_mat(bgra);
    if (per_pixel == 1) {
      std::vector<cv::Mat> planes;
      cv::split(as_mat(page), planes);
      if (cv::norm(planes[0], planes[2], cv::NORM_INF) == 0 && cv::norm(planes[0], planes[1], cv::NORM_INF) == 0)
        page = from_mat(planes[0]);
    }
    pages.push_back(orient(std::move(page), orientation));
  } while (TIFFReadDirectory(tiff.get()) != 0);
  return pages;
}

// --- BMP ----------------------------------------------------------------------------------------

std::uint32_t le32(BytesView b, std::size_t at) {
  return std::uint32_t{b[at]} | std::uint32_t{b[at + 1]} << 8 | std::uint32_t{b[at + 2]} << 16 | std::uint32_t{b[at + 3]} << 24;
}

std::uint8_t masked(std::uint32_t pixel, std::uint32_t mask) {
  if (mask == 0) return 0;
  const int shift = std::countr_zero(mask);
  const std::uint64_t top = mask >> shift;
  return static_cast<std::uint8_t>(((pixel & mask) >> shift) * std::uint64_t{255} / top);
}

Result<Image> decode_bmp(BytesView file, const Layout& layout) {
  const std::size_t header = le32(file, 14);
  const std::size_t bits = file[28] | (file[29] << 8);
  const std::uint32_t compression = le32(file, 30);
  const std::size_t start = le32(file, 10);
  const bool bottom_up = static_cast<std::int32_t>(le32(file, 22)) > 0;
  if (compression != 0 && compression != 3) return refuse("this kind of BMP (compressed) is not supported");
  if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32) return damaged();
  if (start < 14 + header) return damaged();
  std::array<std::uint32_t, 3> mask{0x00FF0000, 0x0000FF00, 0x000000FF};
  if (bits == 16) mask = {0x7C00, 0x03E0, 0x001F};
  if (compression == 3) {
    if (file.size() < 66) return damaged();
    mask = {le32(file, 54), le32(file, 58), le32(file, 62)};
  }
  std::vector<std::array<std::uint8_t, 3>> palette;
  if (bits <= 8) {
    std::size_t colors = le32(file, 46);
    if (colors == 0 || colors > 256) colors = std::size_t{1} << bits;
    palette.assign(std::size_t{1} << bits, {0, 0, 0});
    for (std::size_t i = 0; i < std::min(colors, palette.size()) && 14 + header + i * 4 + 3 < start; ++i) {
      const std::size_t at = 14 + header + i * 4;
      palette[i] = {file[at], file[at + 1], file[at + 2]};
    }
  }
  const std::size_t stride = (static_cast<std::size_t>(layout.width) * bits + 31) / 32 * 4;
  Image out(layout.width, layout.height, 3);
  for (int y = 0; y < layout.height; ++y) {
    const std::size_t row = start + stride * static_cast<std::size_t>(bottom_up ? layout.height - 1 - y : y);
    if (row + stride > file.size()) return damaged();
    std::uint8_t* to = out.row(y);
    for (std::size_t x = 0; x < static_cast<std::size_t>(layout.width); ++x, to += 3) {
      if (bits <= 8) {
        const std::size_t per_byte = 8 / bits;
        const std::size_t shift = 8 - bits * (x % per_byte + 1);
        const std::size_t index = (file[row + x / per_byte] >> shift) & ((1U << bits) - 1);
        std::memcpy(to, palette[index].data(), 3);
      } else if (bits == 24) {
        std::memcpy(to, file.data() + row + x * 3, 3);
      } else {
        const std::size_t at = row + x * bits / 8;
        const std::uint32_t pixel = bits == 16 ? std::uint32_t{file[at]} | std::uint32_t{file[at + 1]} << 8 : le32(file, at);
        for (std::size_t c = 0; c < 3; ++c) to[2 - c] = masked(pixel, mask[c]);
      }
    }
  }
  return out;
}

// --- JPEG 2000 ----------------------------------------------------------------------------------

struct Jp2Memory {
  BytesView data;
  std::size_t at = 0;

  static OPJ_SIZE_T read(void* to, OPJ_SIZE_T n, void* user) {
    auto& m = *static_cast<Jp2Memory*>(user);
    if (m.at >= m.data.size()) return static_cast<OPJ_SIZE_T>(-1);
    const std::size_t count = std::min<std::size_t>(n, m.data.size() - m.at);
    std::memcpy(to, m.data.data() + m.at, count);
    m.at += count;
    return count;
  }
  static OPJ_OFF_T skip(OPJ_OFF_T n, void* user) {
    auto& m = *static_cast<Jp2Memory*>(user);
    if (n < 0) return -1;
    const std::size_t count = std::min(static_cast<std::size_t>(n), m.data.size() - m.at);
    m.at += count;
    return static_cast<OPJ_OFF_T>(count);
  }
  static OPJ_BOOL seek(OPJ_OFF_T to, void* user) {
    auto& m = *static_cast<Jp2Memory*>(user);
    if (to < 0 || static_cast<std::size_t>(to) > m.data.size()) return OPJ_FALSE;
    m.at = static_cast<std::size_t>(to);
    return OPJ_TRUE;
  }
};

Result<Image> decode_jp2(BytesView file, const Layout& layout) {
  const bool raw = file[0] == 0xFF;
  const std::unique_ptr<opj_codec_t, decltype(&opj_destroy_codec)> codec{opj_create_decompress(raw ? OPJ_CODEC_J2K : OPJ_CODEC_JP2),
                                                                         &opj_destroy_codec};
  const std::unique_ptr<opj_stream_t, decltype(&opj_stream_destroy)> stream{opj_stream_create(1 << 16, OPJ_TRUE), &opj_stream_destroy};
  if (!codec || !stream) return Error{Errc::internal, "openjpeg"};
  Jp2Memory memory{file};
  opj_stream_set_user_data(stream.get(), &memory, nullptr);
  opj_stream_set_user_data_length(stream.get(), file.size());
  opj_stream_set_read_function(stream.get(), &Jp2Memory::read);
  opj_stream_set_skip_function(stream.get(), &Jp2Memory::skip);
  opj_stream_set_seek_function(stream.get(), &Jp2Memory::seek);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  if (opj_setup_decoder(codec.get(), &parameters) == OPJ_FALSE) return Error{Errc::internal, "openjpeg"};
  opj_decoder_set_strict_mode(codec.get(), OPJ_TRUE);
  opj_image_t* raw_image = nullptr;
  const OPJ_BOOL header = opj_read_header(stream.get(), codec.get(), &raw_image);
  const std::unique_ptr<opj_image_t, decltype(&opj_image_destroy)> image{raw_image, &opj_image_destroy};
  if (header == OPJ_FALSE || !image) return damaged();
  if (static_cast<int>(image->x1 - image->x0) != layout.width || static_cast<int>(image->y1 - image->y0) != layout.height) return damaged();
  if (image->numcomps < 1 || image->numcomps > 4) return refuse("this kind of JPEG 2000 is not supported");
  if (opj_decode(codec.get(), stream.get(), image.get()) == OPJ_FALSE) return damaged();
  const std::uint32_t used = image->numcomps >= 3 ? 3 : 1;
  for (std::uint32_t c = 0; c < used; ++c) {
    const auto& comp = image->comps[c];
    if (comp.data == nullptr || comp.w == 0 || comp.h == 0 || comp.prec == 0 || comp.prec > 16) return damaged();
  }
  const bool ycc = used == 3 && (image->color_space == OPJ_CLRSPC_SYCC || image->comps[1].dx > 1);
  Image out(layout.width, layout.height, used == 3 ? 3 : 1);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      for (std::uint32_t c = 0; c < used; ++c) {
        const auto& comp = image->comps[c];
        // Components may be subsampled against the reference grid.
        const std::uint32_t cx = std::min(static_cast<std::uint32_t>(x) / std::max(1U, comp.dx), comp.w - 1);
        const std::uint32_t cy = std::min(static_cast<std::uint32_t>(y) / std::max(1U, comp.dy), comp.h - 1);
        std::int64_t v = comp.data[std::size_t{cy} * comp.w + cx];
        if (comp.sgnd != 0) v += std::int64_t{1} << (comp.prec - 1);
        v = comp.prec > 8 ? v >> (comp.prec - 8) : v * 255 / ((1 << comp.prec) - 1);
        out.row(y)[x * out.channels + static_cast<int>(used == 3 ? 2 - c : 0)] =
            static_cast<std::uint8_t>(std::clamp<std::int64_t>(v, 0, 255));
      }
    }
  }
  if (ycc) {
    // The planes lie as (Cr, Cb, Y) after the reversal above.
    cv::Mat m = as_mat(out);
    cv::Mat planes[3];
    cv::split(m, planes);
    std::swap(planes[0], planes[2]);
    std::swap(planes[1], planes[2]);
    cv::merge(planes, 3, m);
    cv::cvtColor(m, m, cv::COLOR_YCrCb2BGR);
  }
  return out;
}

// --- PDF ----------------------------------------------------------------------------------------

Result<std::vector<Image>> decode_pdf(BytesView file, const DecodeLimits& limits, const Deadline& deadline) {
  poppler::set_debug_error_function([](const std::string&, void*) {}, nullptr);
  const std::string password{limits.pdf_password};
  const std::unique_ptr<poppler::document> document{
      poppler::document::load_from_raw_data(reinterpret_cast<const char*>(file.data()), static_cast<int>(file.size()), password, password)};
  if (!document) return refuse("the PDF is damaged");
  if (document->is_locked()) return refuse("the PDF is protected by a password");
  const int count = document->pages();
  if (count <= 0) return refuse("the PDF has no pages");
  if (count > limits.max_pages) return refuse(fmt::format("the file has more than {} pages", limits.max_pages));
  poppler::page_renderer renderer;
  renderer.set_render_hint(poppler::page_renderer::antialiasing, true);
  renderer.set_render_hint(poppler::page_renderer::text_antialiasing, true);
  renderer.set_image_format(poppler::image::format_bgr24);
  std::vector<Image> pages;
  for (int i = 0; i < count; ++i) {
    if (deadline.passed()) return Errc::request_timeout;
    const std::unique_ptr<poppler::page> page{document->create_page(i)};
    if (!page) return refuse("the PDF is damaged");
    const auto rect = page->page_rect();
    const double width = std::abs(rect.width());
    const double height = std::abs(rect.height());
    if (!(width >= 1) || !(height >= 1) || !std::isfinite(width * height)) return refuse("the PDF has a page without area");
    if (std::max(width, height) > std::min(width, height) * limits.max_aspect) return refuse("the picture is too long and narrow");
    // 72 points an inch.
    const double most = static_cast<double>(std::min(limits.pdf_pixels, limits.max_pixels));
    const double dpi = std::min(limits.pdf_dpi, 72.0 * std::sqrt(most / (width * height)));
    const poppler::image image = renderer.render_page(page.get(), dpi, dpi);
    if (!image.is_valid() || image.format() != poppler::image::format_bgr24) return refuse("the PDF can't be rendered");
    AX_CHECK(detail::check_size(image.width(), image.height(), limits));
    Image out(image.width(), image.height(), 3);
    for (int y = 0; y < out.height; ++y) {
      std::memcpy(out.row(y), image.const_data() + static_cast<std::ptrdiff_t>(y) * image.bytes_per_row(), out.stride());
    }
    pages.push_back(std::move(out));
  }
  return pages;
}

Result<std::vector<Image>> decode_pages(BytesView file, const Layout& layout, const DecodeLimits& limits, const Deadline& deadline) {
  const auto one = [&](Result<Image> image) -> Result<std::vector<Image>> {
    if (!image) return std::move(image).error();
    std::vector<Image> pages;
    pages.push_back(orient(*std::move(image), layout.orientation));
    return pages;
  };
  switch (layout.format) {
    case FileFormat::jpeg: return one(decode_jpeg(file, layout, limits.enough_side, deadline));
    case FileFormat::png: return one(decode_png(file, layout));
    case FileFormat::webp: return one(decode_webp(file, layout));
    case FileFormat::bmp: return one(decode_bmp(file, layout));
    case FileFormat::jp2: return one(decode_jp2(file, layout));
    case FileFormat::tiff: return decode_tiff(file, limits, deadline);
    case FileFormat::pdf: return decode_pdf(file, limits, deadline);
  }
  return Errc::internal;
}

}  // namespace

Result<DecodedFile> decode(BytesView file, const DecodeLimits& limits, const Deadline& deadline) {
  AX_TRY(const auto layout, detail::walk(file, limits));
  if (deadline.passed()) return Errc::request_timeout;
  try {
    AX_TRY(auto pages, decode_pages(file, layout, limits, deadline));
    if (pages.empty()) return damaged();
    DecodedFile out{layout.format, std::move(pages)};
    return out;
  } catch (const std::bad_alloc&) {
    return refuse("the picture needs too much memory");
  } catch (const std::exception&) {
    return damaged();
  }
}

}  // namespace authx::imaging
